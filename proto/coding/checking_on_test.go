//go:build race || memguard

package coding

const checking = true

// stride is how far places to cut at lie apart. Checking builds map pages for every lease, and make
// every decoder anew.
const stride = 37
