package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/store"
)

// maxDepth bounds the depth of the tree: a page has at least two children, and no file 2^48 pages.
const maxDepth = 48

// checkFile checks the file at a path.
func checkFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		err = check(file, info.Size())
	}
	return errors.Join(err, file.Close())
}

// check reads a whole file and returns an error wrapping [store.ErrCorrupt], or [store.ErrNewerVersion], unless it
// is a store in which every entry that was acknowledged is as it was written.
func check(file io.ReaderAt, size int64) error {
	pages, err := openPages(file, size)
	if err != nil {
		return err
	}
	buckets := map[string][]byte{}
	err = pages.walkBucket(rootBucket(pages.root), func(e element) error {
		if e.flags != bucketElement {
			return damaged("what should be a bucket is none")
		}
		buckets[string(e.key)] = e.value
		return nil
	})
	if err != nil {
		return err
	}
	if buckets[string(metaBucket)] == nil {
		return damaged("it is not one of strictkms")
	}
	stored, err := pages.checkMeta(buckets[string(metaBucket)])
	if err != nil {
		return err
	}
	return pages.checkEntries(buckets[string(entriesBucket)], stored)
}

// checkMeta reads the bucket of the format and the state.
func (f *pageFile) checkMeta(bucket []byte) (state, error) {
	values := map[string][]byte{}
	err := f.walkBucket(bucket, func(e element) error {
		values[string(e.key)] = e.value
		return nil
	})
	if err != nil {
		return state{}, err
	}
	if err := checkFormat(values[string(formatKey)]); err != nil {
		return state{}, err
	}
	return decodeState(values[string(stateKey)])
}

// checkFormat accepts the versions of the format that this package reads.
func checkFormat(format []byte) error {
	number, ok := strings.CutPrefix(string(format), formatPrefix)
	version, err := strconv.ParseUint(number, 10, 32)
	switch {
	case !ok || err != nil || version == 0:
		return damaged("it is not one of strictkms")
	case version > formatVersion:
		return fmt.Errorf("%w: %d, this program knows %d", store.ErrNewerVersion, version, formatVersion)
	}
	return nil
}

// checkEntries holds every entry to its digest, and all of them to the state.
func (f *pageFile) checkEntries(bucket []byte, stored state) error {
	found := state{revision: stored.revision}
	err := f.walkBucket(bucket, func(e element) error {
		_, revision, sum, err := decodeRecord(e.key, e.value)
		if err != nil {
			return err
		}
		if e.flags != 0 || revision > stored.revision {
			return damaged("the entry %q is damaged", e.key)
		}
		found.count++
		found.sum += sum
		return nil
	})
	if err != nil {
		return err
	}
	if found != stored {
		return damaged("it holds %d entries and should hold %d, or others", found.count, stored.count)
	}
	return nil
}

// rootBucket returns the header of a bucket with a root page.
func rootBucket(root uint64) []byte {
	return binary.NativeEndian.AppendUint64(make([]byte, 0, bucketSize), root)[:bucketSize]
}

// walkBucket visits the elements of a bucket, given its header and, when it has no root page, its only page.
func (f *pageFile) walkBucket(bucket []byte, visit func(element) error) error {
	if len(bucket) < bucketSize {
		return damaged("a bucket is missing")
	}
	if root := binary.NativeEndian.Uint64(bucket); root != 0 {
		return f.walkPage(root, span{}, maxDepth, visit)
	}
	inline := bucket[bucketSize:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != leafPage {
		return damaged("a bucket is damaged")
	}
	return visitLeaf(inline, span{}, visit)
}

// span is the range of keys that a page may hold: from low, before high unless that is nil.
type span struct{ low, high []byte }

func (s span) contains(key []byte) bool {
	return string(key) >= string(s.low) && (s.high == nil || string(key) < string(s.high))
}

// walkPage visits the elements of the leaves below a page.
func (f *pageFile) walkPage(id uint64, within span, depth int, visit func(element) error) error {
	if depth == 0 {
		return damaged("its tree is too deep")
	}
	page, err := f.page(id)
	if err != nil {
		return err
	}
	switch binary.NativeEndian.Uint16(page[8:]) {
	case leafPage:
		return visitLeaf(page, within, visit)
	case branchPage:
	default:
		return damaged("page %d is of no known kind", id)
	}
	branches, err := elements(page, false)
	if err != nil {
		return err
	}
	if len(branches) == 0 {
		return damaged("page %d is empty", id)
	}
	for i, b := range branches {
		if !within.contains(b.key) {
			return damaged("keys are out of order")
		}
		below := span{low: b.key, high: within.high}
		if i+1 < len(branches) {
			below.high = branches[i+1].key
		}
		if err := f.walkPage(b.child, below, depth-1, visit); err != nil {
			return err
		}
	}
	return nil
}

// visitLeaf visits the elements of a leaf page.
func visitLeaf(page []byte, within span, visit func(element) error) error {
	leaves, err := elements(page, true)
	if err != nil {
		return err
	}
	for _, e := range leaves {
		if !within.contains(e.key) {
			return damaged("keys are out of order")
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}
