package json

import (
	"github.com/ringwire/ringwire/bench/internal/dataset"
)

// Message is what a hello-world answers.
type Message struct {
	Message string `json:"message"`
}

// A Document is a value to encode, and what to decode it into.
type Document struct {
	Name  string
	Value any        // a pointer
	Into  func() any // a pointer to an empty one of the same type
}

// Documents are small, ordinary, large and without a type.
var Documents = []Document{
	{"hello", &Message{"Hello, World!"}, func() any { return new(Message) }},
	{"items", items(dataset.Size / 2), func() any { return new(dataset.List) }},
	{"large", large(250), func() any { return new([]dataset.List) }},
	{"map", mapping(), func() any { return new(map[string]any) }},
}

func items(n int) *dataset.List {
	l := dataset.Priceds(n, 3)
	return &l
}

// large is some 9 KB for each of n.
func large(n int) *[]dataset.List {
	l := make([]dataset.List, n)
	for i := range l {
		l[i] = *items(dataset.Size)
	}
	return &l
}

func mapping() *map[string]any {
	return &map[string]any{
		"id": 12345.0, "name": "Folding Lamp", "active": true, "price": 19.5, "parent": nil,
		"tags": []any{"new", "sale", "eco"}, "rating": map[string]any{"score": 42.0, "count": 1999.0},
	}
}
