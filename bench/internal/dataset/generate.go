package dataset

var (
	adjectives = [...]string{"Compact", "Quiet", "Brass", "Folding", "Solar", "Nordic", "Heavy-Duty", "Everyday", "Matte", "Travel"}
	nouns      = [...]string{"Lamp", "Backpack", "Kettle", "Keyboard", "Desk", "Jacket", "Drill", "Speaker", "Notebook", "Tent"}
	categories = [...]string{"home & living", "outdoor", "electronics", "tools", "office"}
	tags       = [...]string{"new", "sale", "popular", "limited", "eco", "imported", "refurbished"}
)

// generate makes the list. Same list on every run and machine: the constants of the generator are fixed, and
// responses can be compared byte by byte across servers.
func generate() []Item {
	list := make([]Item, Size)
	state := uint32(2463534242)
	next := func(n int) int { // xorshift32: small, and good enough to vary the lengths
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		return int(state % uint32(n))
	}
	for i := range list {
		it := &list[i]
		it.ID = i + 1
		it.Name = adjectives[next(len(adjectives))] + " " + nouns[next(len(nouns))]
		it.Category = categories[next(len(categories))]
		it.Price = 5 + next(495)
		it.Quantity = 1 + next(120)
		it.Active = next(4) != 0
		it.Tags = make([]string, 1+next(3))
		for t := range it.Tags {
			it.Tags[t] = tags[(next(len(tags))+t)%len(tags)]
		}
		it.Rating = Rating{Score: 10 + next(41), Count: next(2000)}
	}
	return list
}
