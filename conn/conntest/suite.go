package conntest

import "testing"

// cases are the suite, by concern.
var cases = []struct {
	name string
	run  func(t *testing.T, f Factory)
}{
	{"Echo", testEcho},
	{"EchoLarge", testEchoLarge},
	{"ManyConnections", testManyConnections},
	{"GatheredSend", testGatheredSend},
	{"EmptySend", testEmptySend},
	{"PausedAtFirst", testPausedAtFirst},
	{"PauseResume", testPauseResume},
	{"Backpressure", testBackpressure},
	{"PeerEnds", testPeerEnds},
	{"PeerEndsWithBytes", testPeerEndsWithBytes},
	{"SendAfterPeersEnd", testSendAfterPeersEnd},
	{"CloseWrite", testCloseWrite},
	{"PeerResets", testPeerResets},
	{"PeerResetsWhilePaused", testPeerResetsWhilePaused},
	{"PeerClosesMidSend", testPeerClosesMidSend},
	{"CloseMidSend", testCloseMidSend},
	{"CloseEverywhere", testCloseEverywhere},
	{"CloseDelivers", testCloseDelivers},
	{"DeadIds", testDeadIds},
	{"SlotReuse", testSlotReuse},
	{"Churn", testChurn},
	{"PauseAccept", testPauseAccept},
	{"StopAccept", testStopAccept},
	{"AcceptFails", testAcceptFails},
	{"Addresses", testAddresses},
	{"PostOrder", testPostOrder},
	{"PostFromCallback", testPostFromCallback},
	{"PostForever", testPostForever},
	{"PostAndStop", testPostAndStop},
	{"Deadline", testDeadline},
	{"DeadlinePassed", testDeadlinePassed},
	{"DeadlineAmidCallbacks", testDeadlineAmidCallbacks},
	{"Clock", testClock},
	{"NoDeadline", testNoDeadline},
	{"StopWithOpenConnections", testStopWithOpenConnections},
	{"StopFromCallback", testStopFromCallback},
	{"StopBeforeRun", testStopBeforeRun},
	{"Fairness", testFairness},
	{"Adopt", testAdopt},
	{"AdoptPaused", testAdoptPaused},
	{"AdoptPeerGone", testAdoptPeerGone},
	{"AdoptEverywhere", testAdoptEverywhere},
	{"AdoptMany", testAdoptMany},
	{"AdoptWithoutAccepting", testAdoptWithoutAccepting},
	{"AdoptDeadlines", testAdoptDeadlines},
	{"AdoptAndClose", testAdoptAndClose},
	{"AdoptRefused", testAdoptRefused},
	{"AdoptAndStop", testAdoptAndStop},
	{"AdoptBeforeRun", testAdoptBeforeRun},
}

// Run runs the suite.
func Run(t *testing.T, f Factory) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, f) })
	}
}
