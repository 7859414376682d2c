// Package simulator answers the questions that people ask about a world of policies: may this
// principal do that, and why. It is pure: it reads no files and keeps no state.
package simulator
