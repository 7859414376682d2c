package kms

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// seedKeys makes n keys with an alias each; those whose number can be divided by own have a policy of their own.
func seedKeys(t testing.TB, f *fixture, n, own int) {
	t.Helper()
	for i := range n {
		seed := &Seed{ARN: seededARN(i), Aliases: []string{fmt.Sprintf("alias/key-%06d", i)}}
		if own > 0 && i%own == 0 {
			seed.Policy = strings.Replace(defaultKeyPolicy("aws", "111122223333"), "key-default-1", strconv.Itoa(i), 1)
		}
		_, err := f.service.Seed(context.Background(), seed)
		require.NoError(t, err)
	}
}

func seededARN(i int) string {
	return fmt.Sprintf("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-%012d", i)
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // the first frees what cleanups hold
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestTenThousandKeysAreSmall: 10,000 keys, one in ten with a policy of its own, add at most 60 MB.
func TestTenThousandKeysAreSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 10,000 keys")
	}
	f := newFixture(t)
	before := heap()
	seedKeys(t, f, 10_000, 10)
	f.restart() // what a server has that was started on them
	after := heap()
	require.Less(t, after, before+60<<20)
	t.Logf("%d bytes per key, with the store in memory", (after-before)/10_000)
	runtime.KeepAlive(f)
}

func BenchmarkDescribeKey(b *testing.B) {
	for _, keys := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			f := newFixture(b)
			seedKeys(b, f, keys, 0)
			f.measure(b, "DescribeKey", `{"KeyId":"`+seededARN(keys/2)+`"}`)
		})
	}
}

func BenchmarkListKeys(b *testing.B) {
	f := newFixture(b)
	seedKeys(b, f, 10_000, 0)
	page := f.alice().do("ListKeys", in{"Limit": 1000})
	for range 8 {
		page = f.alice().do("ListKeys", in{"Limit": 1000, "Marker": page["NextMarker"]})
	}
	b.Run("first", func(b *testing.B) { f.measure(b, "ListKeys", `{}`) })
	b.Run("last", func(b *testing.B) {
		f.measure(b, "ListKeys", fmt.Sprintf(`{"Limit":100,"Marker":%q}`, page["NextMarker"]))
	})
}

func BenchmarkCreateGrant(b *testing.B) {
	for _, grants := range []int{10, 49_000} {
		b.Run(fmt.Sprintf("grants=%d", grants), func(b *testing.B) {
			f := newFixture(b)
			seed := &Seed{ARN: seededARN(1)}
			for range grants {
				seed.Grants = append(seed.Grants, &policy.Grant{
					GranteePrincipal: "arn:aws:iam::111122223333:user/bob", Operations: []string{"Decrypt"},
				})
			}
			_, err := f.service.Seed(b.Context(), seed)
			require.NoError(b, err)
			alice := f.alice()
			b.ReportAllocs()
			for b.Loop() {
				id := alice.do("CreateGrant", in{
					"KeyId": seededARN(1), "GranteePrincipal": "arn:aws:iam::111122223333:user/carol", "Operations": []string{"Decrypt"},
				})["GrantId"]
				alice.do("RevokeGrant", in{"KeyId": seededARN(1), "GrantId": id})
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	f := newFixture(b)
	seedKeys(b, f, 10_000, 10)
	for b.Loop() {
		f.restart()
	}
}

// measure runs one operation for an allowed caller.
func (f *fixture) measure(b *testing.B, operation, input string) {
	b.Helper()
	call := f.alice().call
	call.Authorizer, call.Observer = allowing{}, nil
	src := []byte(input)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.service.Do(b.Context(), &call, operation, src); err != nil {
			b.Fatal(err)
		}
	}
}
