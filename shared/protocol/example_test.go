package protocol_test

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A server reads an op, answers its sender and refuses what is not a frame.
func Example() {
	text := []byte(`{"type":"operation","event":"op","message_id":"m1","data":{"op":{"insert":"Hi"}}}`)
	frame, err := protocol.Decode(text, protocol.DefaultLimits)
	if err != nil {
		fmt.Println(err)
		return
	}
	op, ok := protocol.ParseOp(frame.Data)
	fmt.Println(frame.Event, frame.MessageID, string(op.Op), ok)

	ack := protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: frame.MessageID,
		Data: protocol.OperationAck{DocumentVersion: 26}.Append(nil),
	}
	fmt.Println(string(ack.Append(nil)))

	_, err = protocol.Decode([]byte(`{"type":"operation"}`), protocol.DefaultLimits)
	fmt.Println(err.Reason, err.CloseCode(), protocol.ActionForClose(err.CloseCode()))
	// Output:
	// op m1 {"insert":"Hi"} true
	// {"type":"operation","event":"operation_ack","data":{"document_version":26},"message_id":"m1"}
	// unknown_event 4400 stop
}
