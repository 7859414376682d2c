package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"

	"github.com/strictkms/strictkms/store"
)

// The page format of bbolt 1.x, in the byte order of the machine
// (https://pkg.go.dev/go.etcd.io/bbolt, "Internals"; its internal/common/{page,meta,bucket}.go).
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeader  = 16 // id (8), flags (2), count (2), overflow (4)
	elementSize = 16
	metaSize    = 64 // of the meta after the page header; its last 8 bytes are the checksum
	bucketSize  = 16 // root page (8), sequence (8)

	branchPage = 0x01
	leafPage   = 0x02
	metaPage   = 0x04

	bucketElement = 0x01

	minPageSize = 1 << 10
	maxPageSize = 64 << 10
)

// pageFile reads the pages of a bbolt file without trusting them. bbolt itself maps the file into memory and follows
// its page numbers: on a damaged file it panics, faults or does not end, so it gets only files that were read here.
type pageFile struct {
	file     io.ReaderAt
	size     int64
	pageSize int64
	root     uint64
	pages    uint64 // pages in use end before this one
	seen     map[uint64]bool
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
}

// openPages reads both meta pages. Both must be whole: each holds the state after every other transaction, so that
// with one of them the last transaction would be lost in silence.
func openPages(file io.ReaderAt, size int64) (*pageFile, error) {
	f := &pageFile{file: file, size: size, seen: map[uint64]bool{0: true, 1: true}}
	first, err := f.meta(0)
	if err != nil {
		return nil, err
	}
	f.pageSize = int64(binary.NativeEndian.Uint32(first[8:]))
	if f.pageSize < minPageSize || f.pageSize > maxPageSize || f.pageSize&(f.pageSize-1) != 0 {
		return nil, damaged("page size %d", f.pageSize)
	}
	second, err := f.meta(f.pageSize)
	if err != nil {
		return nil, err
	}
	newest := first
	if binary.NativeEndian.Uint64(second[48:]) > binary.NativeEndian.Uint64(first[48:]) {
		newest = second
	}
	f.root = binary.NativeEndian.Uint64(newest[16:])
	f.pages = binary.NativeEndian.Uint64(newest[40:])
	if f.pages > uint64(size/f.pageSize) {
		return nil, damaged("the file has %d bytes, its pages take %d of %d bytes: it was cut off", size, f.pages, f.pageSize)
	}
	return f, nil
}

// meta reads the meta page at an offset, without its page header: magic (4), version (4), page size (4), flags (4),
// root bucket (16), freelist (8), end of pages (8), transaction (8), checksum (8).
func (f *pageFile) meta(offset int64) ([]byte, error) {
	b, err := f.read(offset, pageHeader+metaSize)
	if err != nil {
		return nil, err
	}
	meta := b[pageHeader:]
	checksum := fnv.New64a()
	checksum.Write(meta[:metaSize-8])
	switch {
	case binary.NativeEndian.Uint32(meta) != boltMagic:
		return nil, damaged("it does not begin as one")
	case binary.NativeEndian.Uint32(meta[4:]) != boltVersion:
		return nil, damaged("bbolt format %d, not %d", binary.NativeEndian.Uint32(meta[4:]), boltVersion)
	case binary.NativeEndian.Uint16(b[8:])&metaPage == 0 || binary.NativeEndian.Uint64(meta[56:]) != checksum.Sum64():
		return nil, damaged("the meta page at byte %d is damaged", offset)
	}
	return meta, nil
}

// read reads bytes of the file.
func (f *pageFile) read(offset, length int64) ([]byte, error) {
	if offset+length > f.size {
		return nil, damaged("the file has %d bytes, and something at byte %d", f.size, offset)
	}
	b := make([]byte, length)
	if _, err := f.file.ReadAt(b, offset); err != nil {
		return nil, fmt.Errorf("reading byte %d: %w", offset, err)
	}
	return b, nil
}

// page reads a page with its overflow pages. No page may be read twice.
func (f *pageFile) page(id uint64) ([]byte, error) {
	if id < 2 || id >= f.pages {
		return nil, damaged("page %d of %d", id, f.pages)
	}
	b, err := f.read(int64(id)*f.pageSize, f.pageSize)
	if err != nil {
		return nil, err
	}
	overflow := uint64(binary.NativeEndian.Uint32(b[12:]))
	if binary.NativeEndian.Uint64(b) != id || overflow >= f.pages-id {
		return nil, damaged("the header of page %d is damaged", id)
	}
	for i := id; i <= id+overflow; i++ {
		if f.seen[i] {
			return nil, damaged("page %d is used twice", i)
		}
		f.seen[i] = true
	}
	if overflow == 0 {
		return b, nil
	}
	return f.read(int64(id)*f.pageSize, int64(overflow+1)*f.pageSize)
}

// element is one element of a page.
type element struct {
	key, value []byte
	flags      uint32 // of a leaf
	child      uint64 // of a branch
}

// elements returns the elements of a page, whose keys must be in order.
func elements(page []byte, leaf bool) ([]element, error) {
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+count*elementSize > len(page) {
		return nil, damaged("a page of %d elements is too short", count)
	}
	all := make([]element, count)
	for i := range all {
		at := pageHeader + i*elementSize
		b := page[at : at+elementSize]
		var e element
		var position, keySize, valueSize uint64
		if leaf {
			e.flags = binary.NativeEndian.Uint32(b)
			position, keySize = uint64(binary.NativeEndian.Uint32(b[4:])), uint64(binary.NativeEndian.Uint32(b[8:]))
			valueSize = uint64(binary.NativeEndian.Uint32(b[12:]))
		} else {
			position, keySize = uint64(binary.NativeEndian.Uint32(b)), uint64(binary.NativeEndian.Uint32(b[4:]))
			e.child = binary.NativeEndian.Uint64(b[8:])
		}
		start := uint64(at) + position
		if start+keySize+valueSize > uint64(len(page)) || keySize == 0 {
			return nil, damaged("an element is outside its page")
		}
		e.key, e.value = page[start:start+keySize], page[start+keySize:start+keySize+valueSize]
		if i > 0 && string(all[i-1].key) >= string(e.key) {
			return nil, damaged("keys are out of order")
		}
		all[i] = e
	}
	return all, nil
}
