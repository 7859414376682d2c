package mem

import "slices"

// blockSize is how many keys a block holds before it is split in two.
const blockSize = 512

// keyList is a set of keys in the order of their bytes: blocks of sorted keys, so that adding one moves at most a
// block's worth of others. The zero value is empty.
type keyList struct {
	blocks [][]string // none is empty
}

// find returns the block and the place in it where a key is, or where it belongs.
func (l *keyList) find(key string) (block, index int) {
	block, found := slices.BinarySearchFunc(l.blocks, key, func(b []string, key string) int {
		switch {
		case b[len(b)-1] < key:
			return -1
		case b[0] > key:
			return 1
		}
		return 0
	})
	if !found {
		return block, 0
	}
	index, _ = slices.BinarySearch(l.blocks[block], key)
	return block, index
}

// add adds a key that is not in the list.
func (l *keyList) add(key string) {
	block, index := l.find(key)
	if index == 0 && block > 0 {
		// Between two blocks: after the end of the one before.
		block--
		index = len(l.blocks[block])
	}
	if len(l.blocks) == 0 {
		l.blocks = [][]string{{key}}
		return
	}
	grown := slices.Insert(l.blocks[block], index, key)
	l.blocks[block] = grown
	if len(grown) > blockSize {
		half := len(grown) / 2
		l.blocks[block] = slices.Clone(grown[:half])
		l.blocks = slices.Insert(l.blocks, block+1, slices.Clone(grown[half:]))
	}
}

// remove removes a key that is in the list.
func (l *keyList) remove(key string) {
	block, index := l.find(key)
	l.blocks[block] = slices.Delete(l.blocks[block], index, index+1)
	if len(l.blocks[block]) == 0 {
		l.blocks = slices.Delete(l.blocks, block, block+1)
	}
}

// from calls yield with the keys from a key on, in order, until it returns false.
func (l *keyList) from(key string, yield func(string) bool) {
	block, index := l.find(key)
	for ; block < len(l.blocks); block, index = block+1, 0 {
		for _, k := range l.blocks[block][index:] {
			if !yield(k) {
				return
			}
		}
	}
}
