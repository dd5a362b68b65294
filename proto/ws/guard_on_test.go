//go:build race || memguard

package ws

const guarded = true
