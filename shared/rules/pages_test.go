package rules

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// pages are the documents of the repository, by their paths from its top.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root, found := os.DirFS("../.."), map[string]string{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".build" || d.Name() == ".git"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".md"):
			text, err := fs.ReadFile(root, name)
			found[name] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The README is the page of somebody who has yet to decide: what is longer belongs behind a link.
func TestReadmeIsShort(t *testing.T) {
	const most = 130
	if lines := strings.Count(pages(t)["README.md"], "\n"); lines > most {
		t.Errorf("README.md has %d lines, and may have %d", lines, most)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// deadLinks are the links of a page that lead nowhere. A link without a scheme is a file or
// folder, from the page's own, or a heading of a page.
func deadLinks(name string, all map[string]string, exists func(string) bool) (dead []string) {
	for _, found := range link.FindAllStringSubmatch(withoutCode(all[name]), -1) {
		target, heading, _ := strings.Cut(found[1], "#")
		if strings.Contains(target, ":") {
			continue
		}
		to := name
		if target != "" {
			to = path.Join(path.Dir(name), target)
		}
		text, isPage := all[to]
		if !isPage && !exists(to) || heading != "" && isPage && !headings(text)[heading] {
			dead = append(dead, found[1])
		}
	}
	return dead
}

// withoutCode leaves out blocks of code.
func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(text, "")
}

// headings are the anchors of a page's headings, as GitHub makes them.
func headings(text string) map[string]bool {
	all := map[string]bool{}
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(withoutCode(text), -1) {
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, h[1])] = true
	}
	return all
}

func TestLinks(t *testing.T) {
	all := pages(t)
	exists := func(name string) bool {
		_, err := os.Stat("../../" + name)
		return err == nil
	}
	for name := range all {
		for _, dead := range deadLinks(name, all, exists) {
			t.Errorf("%s links to %s, which is not there", name, dead)
		}
	}
}

func TestLinksFire(t *testing.T) {
	all := map[string]string{
		"a/x.md": "# One & two\n[ok](y.md#a-b_c) [ok](#one--two) [ok](../z.go) [ok](https://example.com/none)\n```\n[code](none)\n```\n" +
			"[dead](none.md) [dead](y.md#none) [dead](#none) [dead](y.md/../../w.go)",
		"a/y.md": "## A, `b_c`\n",
	}
	dead := deadLinks("a/x.md", all, func(name string) bool { return name == "z.go" })
	if got := strings.Join(dead, " "); got != "none.md y.md#none #none y.md/../../w.go" {
		t.Errorf("dead are %s", got)
	}
}

// TestMakeTargets: what a page says to make can be made.
func TestMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for name, text := range pages(t) {
		if name == "CHANGELOG.md" {
			continue // what could be made once
		}
		for _, found := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			named++
			if !regexp.MustCompile(`(?m)^` + found[1] + `:`).Match(makefile) {
				t.Errorf("%s says make %s, which the Makefile cannot", name, found[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("the pages say make %d times", named)
	}
}

// A page that says "seed S1" or "seed S2" says, or links to a page that says, what those are.
func TestSeedsAreExplained(t *testing.T) {
	for name, text := range pages(t) {
		if regexp.MustCompile(`(?i)\bseed S[12]`).MatchString(text) && !strings.Contains(text, "SEEDS.md") && path.Base(name) != "SEEDS.md" {
			t.Errorf("%s names a seed, and does not say what that is", name)
		}
	}
}

// TestVersions holds every place where a release's number stands to the changelog: its newest
// version with a date is what the packages are, and one without a date is still to come. The
// README compares that one, or else the newest.
func TestVersions(t *testing.T) {
	all := pages(t)
	heads := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(all["CHANGELOG.md"], -1)
	form := regexp.MustCompile(`^(\d+\.\d+)\.\d+ \((\d{4}-\d\d-\d\d|unreleased)\)$`)
	newest, compared := "", ""
	for i, head := range heads {
		part := form.FindStringSubmatch(head[1])
		switch {
		case part == nil:
			t.Fatalf("CHANGELOG.md: %q is no version with a date", head[1])
		case part[2] == "unreleased" && i > 0:
			t.Errorf("CHANGELOG.md: %s is below a version that is to come after it", head[1])
		}
		if i == 0 {
			compared = part[1]
		}
		if part[2] != "unreleased" && newest == "" {
			newest, _, _ = strings.Cut(head[1], " ")
		}
	}
	if !strings.Contains(all["README.md"], "| Holdfast "+compared+" |") {
		t.Errorf("README.md does not compare Holdfast %s", compared)
	}
	for name, text := range all {
		for _, packed := range regexp.MustCompile(`holdfast-(\d+\.\d+\.\d+)\.tgz`).FindAllStringSubmatch(text, -1) {
			if packed[1] != newest && name != "CHANGELOG.md" {
				t.Errorf("%s names %s, and the newest version is %s", name, packed[0], newest)
			}
		}
	}
	for _, name := range []string{"web/package.json", "web/create/package.json"} {
		text, err := os.ReadFile("../../" + name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(`"version": "`+newest+`"`)) {
			t.Errorf("%s is not of version %s, which is the newest of CHANGELOG.md", name, newest)
		}
	}
}
