package main

import (
	"io"

	"github.com/strictkms/strictkms/internal/wholefile"
)

// writeWhole writes a result into a file, whole or not at all.
func writeWhole(name string, write func(io.Writer) error) error {
	return wholefile.Write(name, 0o644, write)
}
