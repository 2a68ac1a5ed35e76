// An app server made with @mentra/sdk, as a test drives it: mentra_test.go. It prints what happens
// to it, one line of JSON each behind "@", and does what the device asks by custom messages.
// Nothing here knows Holdfast: the address comes with the webhook.
import { AppServer } from "@mentra/sdk";

const say = (what, more = {}) => process.stdout.write(`@${JSON.stringify({ what, ...more })}\n`);

class App extends AppServer {
	async onSession(session, sessionId, userId) {
		say("session", { sessionId, userId });
		const { events, layouts } = session;
		const streams = {
			button_press: () => events.onButtonPress(({ buttonId }) => say("button", { text: buttonId, userId })),
			head_position: () => events.onHeadPosition(({ position }) => say("head", { text: position, userId })),
		};
		const off = { button_press: streams.button_press() };
		events.onTranscription(({ text }) => say("transcription", { text, userId }));
		events.onError(({ message }) => say("error", { text: message }));
		events.onDisconnected(({ code, permanent = false }) => say("disconnected", { code, permanent }));
		events.onConnected(() => say("connected", { sessionId }));
		events.onSettingsUpdate((settings) => say("settings", { text: JSON.stringify(settings) }));
		events.onCapabilitiesUpdate(({ modelName }) => say("capabilities", { text: modelName }));
		for (const action of ["client_disconnected", "client_reconnected", "gap"]) events.onCustomMessage(action, () => say(action));
		events.onCustomMessage("on", (stream) => (off[stream] ??= streams[stream]()));
		events.onCustomMessage("off", (stream) => {
			off[stream]();
			delete off[stream];
		});
		events.onCustomMessage("show", (text) => layouts.showTextWall(text));
		events.onCustomMessage("send", (frame) => session.sendMessage(frame));
		say("ready", { userId });
	}

	async onStop(sessionId, userId, reason) {
		say("stop", { text: reason, userId });
		await super.onStop(sessionId, userId, reason);
	}
}

const app = new App({ packageName: process.env.PACKAGE, apiKey: process.env.KEY, port: Number(process.env.PORT), healthCheck: true });
await app.start();
say("listening");
process.stdin.on("end", () => process.exit(0)).resume();
