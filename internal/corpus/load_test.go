package corpus

import "testing"

func TestTmp(t *testing.T) {
	cases, err := Load("../../testdata/decisions")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, w := range c.World.Warnings {
			t.Log(w.String())
		}
	}
	t.Log(len(cases))
}
