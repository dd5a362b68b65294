package main

import (
	"testing"

	"github.com/ringwire/ringwire/bench/internal/peertest"
)

func TestWebSocket(t *testing.T) { peertest.Run(t, start, peertest.WebSocket) }

func TestAddressInUse(t *testing.T) { peertest.AddressInUse(t, start) }

func TestRefusesTLS(t *testing.T) { peertest.RefusesTLS(t, start) }
