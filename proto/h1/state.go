package h1

// An exchange has two halves, each with its own state; both see every input. A server receives the request half and
// sends the response half, a client the other way round, so the tables do not depend on the role.
//
//	request half  head    headFixed  headChunked  requestEnd  interim  response  responseEnd  switch    cycle  close   fail
//	------------  ------  ---------  -----------  ----------  -------  --------  -----------  --------  -----  ------  ------
//	reqIdle       ending  fixed      chunked      ·           ·        ·         ·            ·         ·      ·       failed
//	reqFixed      ·       ·          ·            done        fixed    fixed     fixed        ·         ·      ·       failed
//	reqChunked    ·       ·          ·            done        chunked  chunked   chunked      ·         ·      ·       failed
//	reqEnding     ·       ·          ·            done        ending   ending    done         upgraded  ·      ·       ·
//	reqDone       ·       ·          ·            ·           done     done      done         upgraded  idle   closed  ·
//	reqClosed     ·       ·          ·            ·           ·        ·         ·            ·         ·      ·       ·
//	reqUpgraded   ·       ·          ·            ·           ·        ·         ·            ·         ·      ·       ·
//	reqFailed     ·       ·          ·            ·           failed   failed    failed       ·         ·      ·       ·
//
//	response half  head   headFixed  headChunked  requestEnd  interim  response  responseEnd  switch    cycle  close   fail
//	-------------  -----  ---------  -----------  ----------  -------  --------  -----------  --------  -----  ------  -----
//	resIdle        await  await      await        ·           ·        ·         ·            ·         ·      ·       idle
//	resAwait       ·      ·          ·            await       await    body      ·            upgraded  ·      ·       await
//	resBody        ·      ·          ·            body        ·        ·         done         ·         ·      ·       body
//	resDone        ·      ·          ·            done        ·        ·         ·            ·         idle   closed  done
//	resClosed      ·      ·          ·            ·           ·        ·         ·            ·         ·      ·       ·
//	resUpgraded    ·      ·          ·            ·           ·        ·         ·            ·         ·      ·       ·
//
// A dot is an input that cannot come then: Engine.step panics, because the caller broke the rules, not the peer.
type (
	requestState  uint8
	responseState uint8
	input         uint8
)

// States of the request half. The zero value is none, so that a gap in the table cannot pass for a state.
const (
	_           requestState = iota
	reqIdle                  // no byte of a head yet, or part of one
	reqFixed                 // in a body of known length
	reqChunked               // in a chunked body
	reqEnding                // no body; End not yet handed out
	reqDone                  // complete
	reqClosed                // no request will follow
	reqUpgraded              // the connection speaks another protocol
	reqFailed                // the peer broke the rules; Engine.err says how
	requestStates
)

// States of the response half.
const (
	_           responseState = iota
	resIdle                   // no request to answer
	resAwait                  // a request is there, its final response is not
	resBody                   // the final head is out
	resDone                   // complete
	resClosed                 // nothing will be sent
	resUpgraded               // the connection speaks another protocol
	responseStates
)

// Inputs of both halves.
const (
	inHead        input = iota // a request head without body
	inHeadFixed                // one with Content-Length > 0
	inHeadChunked              // one with a chunked body
	inRequestEnd               // the request's last byte
	inInterim                  // a 1xx head
	inResponse                 // a final head
	inResponseEnd              // the response's last byte
	inSwitch                   // a 101 head
	inCycle                    // both halves done, the connection persists
	inClose                    // both halves done, it does not
	inFail                     // a breach of the protocol
	inputs
)

var requestTable = [requestStates][inputs]requestState{
	reqIdle:    {inHead: reqEnding, inHeadFixed: reqFixed, inHeadChunked: reqChunked, inFail: reqFailed},
	reqFixed:   {inRequestEnd: reqDone, inInterim: reqFixed, inResponse: reqFixed, inResponseEnd: reqFixed, inFail: reqFailed},
	reqChunked: {inRequestEnd: reqDone, inInterim: reqChunked, inResponse: reqChunked, inResponseEnd: reqChunked, inFail: reqFailed},
	reqEnding:  {inRequestEnd: reqDone, inInterim: reqEnding, inResponse: reqEnding, inResponseEnd: reqDone, inSwitch: reqUpgraded},
	reqDone:    {inInterim: reqDone, inResponse: reqDone, inResponseEnd: reqDone, inSwitch: reqUpgraded, inCycle: reqIdle, inClose: reqClosed},
	reqFailed:  {inInterim: reqFailed, inResponse: reqFailed, inResponseEnd: reqFailed},
}

var responseTable = [responseStates][inputs]responseState{
	resIdle:  {inHead: resAwait, inHeadFixed: resAwait, inHeadChunked: resAwait, inFail: resIdle},
	resAwait: {inRequestEnd: resAwait, inInterim: resAwait, inResponse: resBody, inSwitch: resUpgraded, inFail: resAwait},
	resBody:  {inRequestEnd: resBody, inResponseEnd: resDone, inFail: resBody},
	resDone:  {inRequestEnd: resDone, inCycle: resIdle, inClose: resClosed, inFail: resDone},
}

// step moves both halves, and starts the next exchange, or none, when both are done.
func (e *Engine) step(in input) {
	req, res := requestTable[e.request][in], responseTable[e.response][in]
	if req == 0 || res == 0 {
		panic("h1: " + inputNames[in] + " in state " + requestNames[e.request] + "/" + responseNames[e.response])
	}
	e.request, e.response = req, res
	if req == reqDone && res == resDone {
		next := inClose
		if e.keepAlive() {
			next = inCycle
		}
		e.request, e.response = requestTable[req][next], responseTable[res][next]
		e.restart()
	}
}

var inputNames = [inputs]string{
	"head", "headFixed", "headChunked", "requestEnd", "interim", "response", "responseEnd", "switch", "cycle", "close", "fail",
}

var requestNames = [requestStates]string{
	"none", "reqIdle", "reqFixed", "reqChunked", "reqEnding", "reqDone", "reqClosed", "reqUpgraded", "reqFailed",
}

var responseNames = [responseStates]string{
	"none", "resIdle", "resAwait", "resBody", "resDone", "resClosed", "resUpgraded",
}
