package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lineReader reads requests, one on each line.
type lineReader struct {
	r *bufio.Reader
	// what names the input in errors.
	what string
}

func newLineReader(in io.Reader, what string) *lineReader {
	return &lineReader{bufio.NewReaderSize(in, 64<<10), what}
}

// each calls do with every line, which is do's until it returns, and with a name for it in messages. A line that is too
// long comes without its text. It ends with the input, when that cannot be read, or with an error of do.
func (l *lineReader) each(do func(line []byte, tooLong bool, name string) error) error {
	var line []byte
	for number := 1; ; number++ {
		var tooLong bool
		var readErr error
		line, tooLong, readErr = l.read(line[:0])
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return fmt.Errorf("read %s: %w", l.what, readErr)
		}
		if err := do(line, tooLong, fmt.Sprintf("line %d", number)); err != nil {
			return err
		}
		if readErr != nil {
			return nil
		}
	}
}

// read reads a line of any length into a buffer, but keeps at most [maxLineInBytes] of it.
func (l *lineReader) read(line []byte) (_ []byte, tooLong bool, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > maxLineInBytes {
			tooLong = true
			line = line[:0]
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// hasLine reports whether a whole line can be read without waiting.
func (l *lineReader) hasLine() bool {
	buffered, err := l.r.Peek(l.r.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}
