//go:build race || memguard

package multipart

const guarded = true
