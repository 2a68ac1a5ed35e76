// An app of MentraOS, made with its SDK, as it runs there: what the wearer says is shown on the
// glasses, a press of a button mutes it and unmutes it, and each wearer has captions of their own.
// Nothing here knows Holdfast: the address comes with the webhook.
//
//	PACKAGE=com.example.captions KEY=hfa_… PORT=7010 node captions.mjs
import { AppServer } from "@mentra/sdk";

class Captions extends AppServer {
	async onSession(session, sessionId, userId) {
		const { events, layouts } = session;
		let muted = false;
		events.onTranscriptionForLanguage("en-US", ({ text, isFinal }) => {
			if (!muted && isFinal) layouts.showTextWall(text);
		});
		events.onButtonPress(() => {
			muted = !muted;
			layouts.showTextWall(muted ? "Captions are off" : "Captions are on");
		});
		// What the device said while this app was away has been received by now, or follows.
		events.onCustomMessage("client_reconnected", () => layouts.showTextWall("Here again"));
		events.onError((err) => console.error(`captions of ${userId}: ${err.message}`));
		layouts.showTextWall("Captions are on");
	}

	async onStop(sessionId, userId, reason) {
		console.log(`captions of ${userId} end: ${reason}`);
		await super.onStop(sessionId, userId, reason); // disconnects, and forgets the session
	}
}

const { PACKAGE, KEY, PORT = "7010" } = process.env;
await new Captions({ packageName: PACKAGE, apiKey: KEY, port: Number(PORT) }).start();
