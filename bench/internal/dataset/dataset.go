// Package dataset is the product list behind the json profile: fifty items that the program makes itself, and one
// encoder for the response.
//
// Every server of this module that answers /json/{count} serialises through AppendJSON, once per request and into
// its own buffer: the profile compares servers, not JSON libraries.
package dataset

import (
	"strconv"
	"sync"
)

// Size is the number of items.
const Size = 50

// Rating is how buyers judged an item.
type Rating struct {
	Score int `json:"score"`
	Count int `json:"count"`
}

// Item is one product. Prices are in whole units of the currency.
type Item struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Category string   `json:"category"`
	Price    int      `json:"price"`
	Quantity int      `json:"quantity"`
	Active   bool     `json:"active"`
	Tags     []string `json:"tags"`
	Rating   Rating   `json:"rating"`
}

// Priced is an item with its total = price × quantity × m, as it stands in a response.
type Priced struct {
	Item
	Total int `json:"total"`
}

// List is the whole response; AppendJSON writes what encoding/json would write for it.
type List struct {
	Items []Priced `json:"items"`
	Count int      `json:"count"`
}

var items = generate()

// Items returns a copy of the list.
func Items() []Item { return append([]Item(nil), items...) }

// Priceds returns the first count items with their totals for m, as structs: the reference for AppendJSON.
func Priceds(count, m int) List {
	l := List{Items: make([]Priced, 0, Size)}
	for _, it := range items[:clamp(count)] {
		l.Items = append(l.Items, Priced{Item: it, Total: it.Price * it.Quantity * m})
	}
	l.Count = len(l.Items)
	return l
}

// AppendJSON appends the first count items (at most Size, at least none), each with total = price × quantity × m,
// as {"items":[…],"count":n}. It allocates only when dst has no room; MaxJSON is always enough.
func AppendJSON(dst []byte, count, m int) []byte {
	count = clamp(count)
	dst = append(dst, `{"items":[`...)
	for i := range items[:count] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, &items[i], m)
	}
	dst = append(dst, `],"count":`...)
	dst = strconv.AppendInt(dst, int64(count), 10)
	return append(dst, '}')
}

// MaxJSON bounds the length of a response: the size to reserve before AppendJSON.
const MaxJSON = 12 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, MaxJSON); return &b }}

// GetBuffer returns an empty buffer with room for MaxJSON, for servers that copy the body they are given. It is the
// caller's until PutBuffer.
func GetBuffer() *[]byte { return buffers.Get().(*[]byte) }

// PutBuffer takes back a buffer of GetBuffer, and with it every slice that was appended to it.
func PutBuffer(b *[]byte) { buffers.Put(b) }

func appendItem(dst []byte, it *Item, m int) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, int64(it.ID), 10)
	dst = append(dst, `,"name":`...)
	dst = appendString(dst, it.Name)
	dst = append(dst, `,"category":`...)
	dst = appendString(dst, it.Category)
	dst = append(dst, `,"price":`...)
	dst = strconv.AppendInt(dst, int64(it.Price), 10)
	dst = append(dst, `,"quantity":`...)
	dst = strconv.AppendInt(dst, int64(it.Quantity), 10)
	dst = append(dst, `,"active":`...)
	dst = strconv.AppendBool(dst, it.Active)
	dst = append(dst, `,"tags":[`...)
	for i, tag := range it.Tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, tag)
	}
	dst = append(dst, `],"rating":{"score":`...)
	dst = strconv.AppendInt(dst, int64(it.Rating.Score), 10)
	dst = append(dst, `,"count":`...)
	dst = strconv.AppendInt(dst, int64(it.Rating.Count), 10)
	dst = append(dst, `},"total":`...)
	dst = strconv.AppendInt(dst, int64(it.Price*it.Quantity*m), 10)
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendString quotes s the way encoding/json does for ASCII, HTML escapes included. Bytes above ASCII pass as they
// are: the list holds valid UTF-8 without U+2028 and U+2029.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func clamp(count int) int { return max(0, min(count, Size)) }
