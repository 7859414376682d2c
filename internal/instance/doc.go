// Package instance puts one server together: store, root key, identities, keys, enforcement, decision log and listener.
// strictkms serve and exec, kmstest and the benchmarks start servers with it and only with it.
package instance
