package access

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A header that a route reads and that is not in the list would be missing in the built Worker alone.
func TestWhatIsReadOfHeadersIsGiven(t *testing.T) {
	reads, seen := regexp.MustCompile(`[rR]equest\.Header\.(?:Get|Values)\(([^)]+)\)|\br\.Header\.(?:Get|Values)\(([^)]+)\)|\br\.(Cookie|UserAgent|Referer)\(|\.Header\[([^\]]+)\]`), 0
	for _, folder := range []string{"account", "admin", "httpwasm", "issuer", "link", "rest"} {
		files, err := filepath.Glob("../" + folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range reads.FindAllStringSubmatch(string(text), -1) {
				name := strings.ToLower(strings.Trim(m[1]+m[2]+m[3]+m[4], `"`))
				switch name {
				case "access.addressheader":
					name = AddressHeader
				case "protocol.signatureheader":
					name = Headers[len(Headers)-1]
				case "useragent":
					name = "user-agent"
				case "name": // httpwasm joins what is there
					continue
				}
				if seen++; !slices.Contains(Headers[:], name) {
					t.Errorf("%s reads %s", file, name)
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("found %d reads: does the test still see them?", seen)
	}
}
