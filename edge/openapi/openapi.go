// Package openapi holds answers against an OpenAPI 3.1 description. It is of the test kit:
// what the server says must be what openapi.json says it says. Schemas are checked by
// santhosh-tekuri/jsonschema; one with a keyword that is not known here fails.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is a description.
type Document struct {
	root     map[string]any
	compiled map[string]*jsonschema.Schema
}

// Operation is one path and method of it.
type Operation struct {
	ID, Method, Path string
	node             map[string]any
	doc              *Document
}

// Parse reads a description.
func Parse(text []byte) (*Document, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	root := object(value)
	for _, schema := range object(object(root["components"])["schemas"]) {
		if err := strict(object(schema)); err != nil {
			return nil, err
		}
	}
	if version, _ := root["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		return nil, fmt.Errorf("openapi %q", version)
	}
	return &Document{root, map[string]*jsonschema.Schema{}}, nil
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
	own, others := o.node["security"].([]any)
	return others && !slices.ContainsFunc(own, func(r any) bool { return object(r)["operator"] != nil })
}

// Tagged reports whether the operation has a tag.
func (o Operation) Tagged(tag string) bool {
	tags, _ := o.node["tags"].([]any)
	return slices.Contains(tags, any(tag))
}

// CheckAnswer holds an answer against what is documented for its status.
func (o Operation) CheckAnswer(status int, body []byte) error {
	node := object(object(o.node["responses"])[fmt.Sprint(status)])
	if len(node) == 0 {
		return fmt.Errorf("%s: status %d is not documented", o.ID, status)
	}
	node = o.doc.resolve(node)
	if node["content"] == nil && len(body) == 0 {
		return nil
	}
	return o.check(fmt.Sprint(status), node, body)
}

// telling are headers that a client acts on, so that none may come undescribed.
var telling = []string{"Set-Cookie", "Retry-After", "Location"}

// CheckHeader holds an answer's headers against what is documented for its status.
func (o Operation) CheckHeader(status int, header http.Header) error {
	described := object(o.doc.resolve(object(object(o.node["responses"])[fmt.Sprint(status)]))["headers"])
	for _, name := range telling {
		if header.Get(name) != "" && described[name] == nil {
			return fmt.Errorf("%s: %d: %s is not documented", o.ID, status, name)
		}
	}
	for name, node := range described {
		values := header.Values(name)
		if len(values) == 0 && object(node)["required"] == true {
			return fmt.Errorf("%s: %d: %s is missing", o.ID, status, name)
		}
		schema := object(object(node)["schema"])
		for _, text := range values {
			var value any = text
			if n, err := strconv.Atoi(text); err == nil && schema["type"] == "integer" {
				value = n
			}
			if err := o.doc.check(schema, value); err != nil {
				return fmt.Errorf("%s: %d: %s: %v", o.ID, status, name, err)
			}
		}
	}
	return nil
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
	if schema := object(object(object(node["content"])["application/x-ndjson"])["schema"]); len(schema) > 0 {
		for line := range bytes.Lines(body) {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
			if err == nil {
				err = o.doc.check(schema, value)
			}
			if err != nil {
				return fmt.Errorf("%s: %s: %v, in %s", o.ID, what, err, line)
			}
		}
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %s: %v", o.ID, what, err)
	}
	schema := object(object(object(node["content"])["application/json"])["schema"])
	if len(schema) == 0 {
		return fmt.Errorf("%s: %s has no schema", o.ID, what)
	}
	if err := o.doc.check(schema, value); err != nil {
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
		node = object(at)
	}
	return node
}

// check holds a value against a schema. That is made a resource of its own, with the
// components of the document beside it, which its references name.
func (d *Document) check(schema map[string]any, value any) error {
	name, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	compiled, ok := d.compiled[string(name)]
	if !ok {
		if err := strict(schema); err != nil {
			return err
		}
		compiler := jsonschema.NewCompiler()
		compiler.DefaultDraft(jsonschema.Draft2020)
		compiler.AssertFormat()
		whole := map[string]any{"$ref": "#/at", "at": schema, "components": d.root["components"]}
		if err := compiler.AddResource("openapi.json", whole); err != nil {
			return err
		}
		if compiled, err = compiler.Compile("openapi.json"); err != nil {
			return err
		}
		d.compiled[string(name)] = compiled
	}
	return compiled.Validate(value)
}

// keywords are those that openapi.json uses, and what of each is a schema again. The
// library passes over one that it does not know, which a misspelt one is.
var keywords = map[string]string{
	"$ref": "", "description": "", "type": "", "enum": "", "pattern": "", "minLength": "", "maxLength": "", "format": "",
	"minimum": "", "maximum": "", "minItems": "", "maxItems": "", "required": "",
	"items": "one", "additionalProperties": "one", "properties": "named", "anyOf": "several",
}

// strict reports a keyword that is not known here.
func strict(schema map[string]any) error {
	for keyword, value := range schema {
		what, known := keywords[keyword]
		if !known {
			return fmt.Errorf("%s is not known here", keyword)
		}
		var inner []any
		switch what {
		case "one":
			inner = []any{value}
		case "named":
			inner = slices.Collect(maps.Values(object(value)))
		case "several":
			inner, _ = value.([]any)
		}
		for _, s := range inner {
			if err := strict(object(s)); err != nil {
				return err
			}
		}
	}
	return nil
}
