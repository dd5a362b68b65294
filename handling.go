package ringwire

import "github.com/ringwire/ringwire/internal/flight"

// marks name what a server calls on its loops, for when it does not return. They are told to the
// loop with every call, which is a store or two; names are looked up when somebody asks.
type marks struct {
	handler, sink, producer flight.Mark
}

func marksOf(h Handler) marks {
	var of any = h
	if f, ok := h.(HandlerFunc); ok {
		of = (func(*ResponseWriter, *Request))(f)
	}
	return marks{
		handler:  flight.Mark{Kind: "handler", Func: of},
		sink:     flight.Mark{Kind: "Body.Stream callback of", Func: of},
		producer: flight.Mark{Kind: "ResponseWriter.Stream callback of", Func: of},
	}
}

// wsMarks are those of a WebSocketConfig.
type wsMarks struct {
	open, message, drain, close flight.Mark
}

func wsMarksOf(cfg *WebSocketConfig) wsMarks {
	return wsMarks{
		open:    flight.Mark{Kind: "OnOpen", Func: cfg.OnOpen},
		message: flight.Mark{Kind: "OnMessage", Func: cfg.OnMessage},
		drain:   flight.Mark{Kind: "OnDrain", Func: cfg.OnDrain},
		close:   flight.Mark{Kind: "OnClose", Func: cfg.OnClose},
	}
}

// wsPosted is a function given to WebSocket.Post.
var wsPosted = flight.Mark{Kind: "function given to WebSocket.Post"}
