// Package mentra is the dialect of the apps that are made with @mentra/sdk, the SDK of seed
// S1's own system: it translates between their flat frames and this protocol's, both ways. The
// cores know one protocol. The front Worker, to which such an app says who it is in its first
// frame, translates by this package what it passes on (Relay). It is pure: no clock, no socket.
//
// An app is in the dialect by its first frame, tpa_connection_init. An operator has nothing
// to set, and can set nothing wrongly.
//
// # From an app
//
//	tpa_connection_init   app_connection_init
//	subscription_update   app_subscribe
//	ping                  ping
//	ownership_release     nothing: the app's next connection replaces this one anyway
//	any other             an app_message whose data is the frame as it came
//
// # To an app
//
//	app_connection_ack    tpa_connection_ack
//	an error              tpa_connection_error {code, message}
//	app_stopped           app_stopped
//	app_message           data_stream, once for each stream of the app's that it belongs to. What
//	                      has a type that the SDK reads as it is (direct) comes as it is
//	client_disconnected   custom_message with that action; so client_reconnected and gap, and a
//	                      message of no type
//	ack, ping             nothing: the SDK has no word for them
//
// # Streams
//
// A message belongs to the stream that has its name. It belongs to a stream "name:a" too, if a
// member of it is the text a; to "name:a-to-b", if both are. So a device says
// {"transcribeLanguage":"en-US",…} on the stream "transcription", and an app that wants
// "transcription:en-US" gets it, whatever languages and gestures there will be. What follows a
// question mark is the app's own.
//
// # Received
//
// The SDK acknowledges nothing. A frame counts as received once its connection has lived for
// ReceivedAfter since; what went out later is sent again on the next connection. A frame of a
// stream that the app does not want, and any before the app has spoken, waits for as long: an
// app that was started anew names its streams one by one after it is connected.
package mentra
