//go:build race || memguard

package form

const guarded = true
