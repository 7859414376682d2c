package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/seed"
)

// readProfile finds a profile in an AWS shared credentials file
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html), which need not be one that strictkms wrote.
func readProfile(file, name string) (seed.Profile, error) {
	profiles, err := readProfiles(file)
	if err != nil {
		return seed.Profile{}, err
	}
	var names []string
	for _, p := range profiles {
		if p.Name == name {
			if p.AccessKeyID == "" || p.SecretAccessKey == "" {
				return seed.Profile{}, fmt.Errorf("%s: the profile %s has no access key", file, name)
			}
			return p, nil
		}
		names = append(names, p.Name)
	}
	nearest := policy.NearestNames(name, names, 3)
	if len(nearest) == 0 {
		nearest = policy.ClosestNames(name, names, 3)
	}
	return seed.Profile{}, fmt.Errorf("%s: there is no profile %s; nearest: %s", file, name, strings.Join(nearest, ", "))
}

// readProfiles reads the profiles of a file. Settings that are not about credentials are passed over. No error quotes a
// line, which may hold a secret.
func readProfiles(file string) ([]seed.Profile, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var profiles []seed.Profile
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if inner, ok := strings.CutPrefix(line, "["); ok {
			inner, ok = strings.CutSuffix(inner, "]")
			if !ok {
				return nil, fmt.Errorf("%s:%d: expected ] at the end of the name of a profile", file, number)
			}
			profiles = append(profiles, seed.Profile{Name: strings.TrimSpace(inner)})
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || len(profiles) == 0 {
			return nil, fmt.Errorf("%s:%d: expected a profile in brackets or NAME = VALUE", file, number)
		}
		setProfile(&profiles[len(profiles)-1], strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value))
	}
	return profiles, lines.Err()
}

func setProfile(p *seed.Profile, key, value string) {
	switch key {
	case "aws_access_key_id":
		p.AccessKeyID = value
	case "aws_secret_access_key":
		p.SecretAccessKey = value
	case "aws_session_token":
		p.SessionToken = value
	case "region":
		p.Region = value
	}
}
