// Package host reads what the machine lets this process do: limits, sysctls, control groups, filters,
// privileges, processors. It decides nothing. Every answer is a [Fact] that names its source, and that
// something cannot be read is an answer, too.
package host

// Fact is one answer: a value, or why there is none, and where it was looked for.
type Fact struct {
	Value  string
	Source string // a file, or a system call and its arguments
	Err    error
}

// String is the fact for people: its source and what it said.
func (f Fact) String() string {
	if f.Err != nil {
		return f.Source + ": " + f.Err.Error()
	}
	return f.Source + " = " + f.Value
}

// Is reports whether the answer is known, and this one.
func (f Fact) Is(value string) bool { return f.Err == nil && f.Value == value }
