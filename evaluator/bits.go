package evaluator

import "slices"

// bits is a set of points.
type bits []uint64

const wordSize = 64

func newBits(size int) bits { return make(bits, (size+wordSize-1)/wordSize) }

func (b bits) set(i int) { b[i/wordSize] |= 1 << (i % wordSize) }

// full is the set of all points.
func full(size int) bits {
	b := newBits(size)
	for i := range size {
		b.set(i)
	}
	return b
}

func (b bits) empty() bool { return !slices.ContainsFunc(b, func(w uint64) bool { return w != 0 }) }

func (b bits) and(c bits) bits {
	out := make(bits, len(b))
	for i := range b {
		out[i] = b[i] & c[i]
	}
	return out
}

func (b bits) without(c bits) bits {
	out := make(bits, len(b))
	for i := range b {
		out[i] = b[i] &^ c[i]
	}
	return out
}

// in reports whether c has all points of b.
func (b bits) in(c bits) bool { return b.without(c).empty() }
