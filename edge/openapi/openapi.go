// Package openapi holds answers against an OpenAPI 3.1 description. It is for tests:
// what the server says must be what openapi.json says it says. Of JSON Schema it
// knows what that file uses, and fails on a keyword that it does not know.
package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Document is a description.
type Document struct{ root map[string]any }

// Operation is one path and method of it.
type Operation struct {
	ID, Method, Path string
	node             map[string]any
	doc              *Document
}

// Parse reads a description.
func Parse(text []byte) (*Document, error) {
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if version, _ := root["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		return nil, fmt.Errorf("openapi %q", version)
	}
	return &Document{root}, nil
}

// Operations lists all of them, by path and method.
func (d *Document) Operations() []Operation {
	var all []Operation
	paths := object(d.root["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := object(paths[path])
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if method == "parameters" {
				continue
			}
			node := object(item[method])
			id, _ := node["operationId"].(string)
			all = append(all, Operation{id, strings.ToUpper(method), path, node, d})
		}
	}
	return all
}

// Statuses are the statuses that an operation documents.
func (o Operation) Statuses() []string { return slices.Sorted(maps.Keys(object(o.node["responses"]))) }

// PathParameters are the names in braces, and whether each of them is described.
func (o Operation) PathParameters() (names []string, described bool) {
	described = true
	params, _ := object(object(o.doc.root["paths"])[o.Path])["parameters"].([]any)
	own, _ := o.node["parameters"].([]any)
	for part := range strings.SplitSeq(o.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			names = append(names, name)
			described = described && slices.ContainsFunc(append(slices.Clone(params), own...), func(p any) bool {
				p = o.doc.resolve(object(p))
				return object(p)["name"] == name && object(p)["in"] == "path" && object(p)["required"] == true
			})
		}
	}
	return names, described
}

// Public reports whether the operation needs no operator's token.
func (o Operation) Public() bool {
	security, own := o.node["security"].([]any)
	return own && len(security) == 0
}

// CheckAnswer holds an answer against what is documented for its status.
func (o Operation) CheckAnswer(status int, body []byte) error {
	node := object(object(o.node["responses"])[fmt.Sprint(status)])
	if len(node) == 0 {
		return fmt.Errorf("%s: status %d is not documented", o.ID, status)
	}
	return o.check(fmt.Sprint(status), o.doc.resolve(node), body)
}

// CheckRequest holds a request's body against what is documented.
func (o Operation) CheckRequest(body []byte) error {
	node := object(o.node["requestBody"])
	if len(node) == 0 || len(body) == 0 && node["required"] != true {
		if len(body) > 0 {
			return fmt.Errorf("%s takes no body", o.ID)
		}
		return nil
	}
	return o.check("request", node, body)
}

func (o Operation) check(what string, node map[string]any, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s: %s: %v", o.ID, what, err)
	}
	schema := object(object(object(node["content"])["application/json"])["schema"])
	if len(schema) == 0 {
		return fmt.Errorf("%s: %s has no schema", o.ID, what)
	}
	if err := o.doc.check(schema, value, "$"); err != nil {
		return fmt.Errorf("%s: %s: %v, in %s", o.ID, what, err, body)
	}
	return nil
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// resolve follows a reference inside the document.
func (d *Document) resolve(node map[string]any) map[string]any {
	for range 8 {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		var at any = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = object(at)[part]
		}
		if node = object(at); node == nil {
			return map[string]any{"missing": ref}
		}
	}
	return node
}

// check holds a value against a schema.
func (d *Document) check(schema map[string]any, v any, at string) error {
	schema = d.resolve(schema)
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if err := d.keyword(keyword, schema, v, at); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) keyword(keyword string, schema map[string]any, v any, at string) error {
	want := schema[keyword]
	text, isText := v.(string)
	number, isNumber := v.(float64)
	list, isList := v.([]any)
	members, isObject := v.(map[string]any)
	good := true
	switch keyword {
	case "description":
	case "type":
		types, several := want.([]any)
		if !several {
			types = []any{want}
		}
		good = slices.Contains(types, any(typeOf(v))) || typeOf(v) == "integer" && slices.Contains(types, any("number"))
	case "enum":
		good = slices.Contains(want.([]any), v)
	case "pattern":
		good = !isText || regexp.MustCompile(want.(string)).MatchString(text)
	case "minLength":
		good = !isText || float64(utf8.RuneCountInString(text)) >= want.(float64)
	case "maxLength":
		good = !isText || float64(utf8.RuneCountInString(text)) <= want.(float64)
	case "format":
		if want != "date-time" {
			return fmt.Errorf("%s: format %v is not known here", at, want)
		}
		_, err := time.Parse(time.RFC3339Nano, text)
		good = !isText || err == nil
	case "minimum":
		good = !isNumber || number >= want.(float64)
	case "maximum":
		good = !isNumber || number <= want.(float64)
	case "minItems":
		good = !isList || float64(len(list)) >= want.(float64)
	case "maxItems":
		good = !isList || float64(len(list)) <= want.(float64)
	case "items":
		for i, item := range list {
			if err := d.check(object(want), item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case "required":
		for _, name := range want.([]any) {
			if _, there := members[name.(string)]; isObject && !there {
				return fmt.Errorf("%s lacks %s", at, name)
			}
		}
	case "properties":
		for name, member := range members {
			if property, ok := object(want)[name]; ok {
				if err := d.check(object(property), member, at+"."+name); err != nil {
					return err
				}
			}
		}
	case "additionalProperties":
		for name, member := range members {
			if _, known := object(schema["properties"])[name]; known || want == true {
				continue
			}
			if want == false {
				return fmt.Errorf("%s.%s is not described", at, name)
			}
			if err := d.check(object(want), member, at+"."+name); err != nil {
				return err
			}
		}
	case "anyOf":
		good = slices.ContainsFunc(want.([]any), func(s any) bool { return d.check(object(s), v, at) == nil })
	default:
		return fmt.Errorf("%s: %s is not known here", at, keyword)
	}
	if !good {
		return fmt.Errorf("%s: %v is not of %s %v", at, v, keyword, want)
	}
	return nil
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return "object"
}
