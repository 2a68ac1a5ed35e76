package call

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// ToSession is what a user's object is asked: the request that its Kind names.
type ToSession struct {
	Kind    *Kind
	Admit   Admit
	Look    Look
	Gone    Gone
	Access  Access
	End     End
	Post    Post
	AppKey  AppKey
	Audit   AuditSession
	Visited Visited
	Export  ExportUser

	UserMessage   UserMessage
	Heard         Heard
	AdmitDelegate AdmitDelegate
	May           May
}

// ParseSession reads what a user's object is asked; the error is 0 for a good text. That it
// returns a pointer, as the others do, saves the module the copies, member by member: 2 kB.
func ParseSession(text []byte) (*ToSession, Error) {
	r := &ToSession{}
	word, err := wordOf(text)
	if err != 0 {
		return r, err
	}
	visit, valid := nothing, func() bool { return true }
	switch word {
	case KindAdmit.Word, nextWord:
		r.Kind, visit, valid = &KindAdmit, r.Admit.fields, r.Admit.valid
	case KindLook.Word:
		r.Kind, visit, valid = &KindLook, r.Look.fields, r.Look.valid
	case KindAdmitDelegate.Word:
		r.Kind, visit, valid = &KindAdmitDelegate, r.AdmitDelegate.fields, r.AdmitDelegate.valid
	case KindMay.Word:
		r.Kind, visit, valid = &KindMay, r.May.fields, r.May.valid
	case KindGone.Word, KindClientGone.Word:
		r.Gone.Others = word == KindClientGone.Word
		r.Kind, visit, valid = &KindGone, r.Gone.fields, r.Gone.valid
	case KindAccess.Word:
		r.Kind, visit = &KindAccess, r.Access.fields
	case KindEnd.Word:
		r.Kind, visit, valid = &KindEnd, r.End.fields, r.End.valid
	case KindPost.Word:
		r.Kind, visit, valid = &KindPost, r.Post.fields, r.Post.valid
	case KindAppKey.Word:
		r.Kind, visit = &KindAppKey, r.AppKey.fields
	case KindUserMessage.Word:
		r.Kind, visit, valid = &KindUserMessage, r.UserMessage.fields, r.UserMessage.valid
	case KindHeard.Word:
		r.Kind, visit, valid = &KindHeard, r.Heard.fields, r.Heard.valid
	case KindDescribeSession.Word:
		r.Kind = &KindDescribeSession
	case KindAuditSession.Word:
		r.Kind, visit = &KindAuditSession, r.Audit.fields
	case KindVisited.Word:
		r.Kind, visit = &KindVisited, r.Visited.fields
	case KindEraseUser.Word:
		r.Kind = &KindEraseUser
	case KindExportUser.Word:
		r.Kind, visit = &KindExportUser, r.Export.fields
	default:
		return r, unknown(word)
	}
	if read(text, visit); !valid() {
		return &ToSession{}, Malformed
	}
	return r, 0
}

// ToDocument is what a document's object is asked: the request that its Kind names.
type ToDocument struct {
	Kind         *Kind
	Push         Push
	EndChannel   EndChannel
	Lock         Lock
	Snapshots    Snapshots
	Restore      Restore
	Resolve      Resolve
	Content      Content
	Append       Append
	Audit        AuditDocument
	EraseComment EraseComment
	Forget       Forget
	Deliver      Deliver
	Recover      Recover
	Past         Past
	Export       Export
}

// ParseDocument reads what a document's object is asked.
func ParseDocument(text []byte) (*ToDocument, Error) {
	r := &ToDocument{}
	word, err := wordOf(text)
	if err != 0 {
		return r, err
	}
	visit, valid := nothing, func() bool { return true }
	switch word {
	case KindGrant.Word:
		r.Kind, visit, valid = &KindGrant, r.Push.fields, r.Push.valid
	case KindEndChannel.Word:
		r.Kind, visit, valid = &KindEndChannel, r.EndChannel.fields, r.EndChannel.valid
	case KindLock.Word:
		r.Kind, visit = &KindLock, r.Lock.fields
	case KindAccessChanged.Word:
		r.Kind = &KindAccessChanged
	case KindDeliver.Word:
		r.Kind, visit, valid = &KindDeliver, r.Deliver.fields, r.Deliver.valid
	case KindPast.Word:
		r.Kind, visit = &KindPast, r.Past.fields
	case KindRecover.Word:
		r.Kind, visit, valid = &KindRecover, r.Recover.fields, r.Recover.valid
	case KindErase.Word:
		r.Kind = &KindErase
	case KindDescribeDocument.Word:
		r.Kind = &KindDescribeDocument
	case KindSnapshots.Word:
		r.Kind, visit = &KindSnapshots, r.Snapshots.fields
	case KindRestore.Word:
		r.Kind, visit = &KindRestore, r.Restore.fields
	case KindResolve.Word:
		r.Kind, visit = &KindResolve, r.Resolve.fields
	case KindContent.Word:
		r.Kind, visit = &KindContent, r.Content.fields
	case KindAppend.Word:
		r.Kind, visit, valid = &KindAppend, r.Append.fields, r.Append.valid
	case KindPresence.Word:
		r.Kind = &KindPresence
	case KindExport.Word:
		r.Kind, visit = &KindExport, r.Export.fields
	case KindAuditDocument.Word:
		r.Kind, visit = &KindAuditDocument, r.Audit.fields
	case KindEraseComment.Word:
		r.Kind, visit = &KindEraseComment, r.EraseComment.fields
	case KindForget.Word:
		r.Kind, visit, valid = &KindForget, r.Forget.fields, r.Forget.valid
	default:
		return r, unknown(word)
	}
	if read(text, visit); !valid() {
		return &ToDocument{}, Malformed
	}
	return r, 0
}

// ToSocket is what an upgrade asks of an object: the request that its Kind names.
type ToSocket struct {
	Kind     *Kind
	Device   ConnectDevice
	App      ConnectApp
	Document ConnectDocument
}

// ParseSessionConnect reads what an upgrade asks of a user's object. A text without a
// word goes by what it brings.
func ParseSessionConnect(text []byte) (*ToSocket, Error) {
	r := &ToSocket{}
	word, err := wordOf(text)
	switch {
	case err != 0:
		return r, err
	case word == KindConnectApp.Word, word == "" && jsonscan.Field(text, "app") != nil:
		r.Kind = &KindConnectApp
		read(text, r.App.fields)
	case word == KindConnectDevice.Word, word == "":
		r.Kind = &KindConnectDevice
		if read(text, r.Device.fields); !r.Device.valid() {
			return &ToSocket{}, Malformed
		}
	default:
		return r, Unknown
	}
	return r, 0
}

// ParseDocumentConnect reads what an upgrade asks of a document's object.
func ParseDocumentConnect(text []byte) (*ToSocket, Error) {
	r := &ToSocket{}
	word, err := wordOf(text)
	resumes := word == KindResumeDocument.Word
	switch {
	case err != 0:
		return r, err
	case word == KindConnectDelegate.Word:
		r.Document.Delegate = true
	case resumes:
	case word != KindConnectDocument.Word && word != "":
		return r, Unknown
	}
	r.Kind = &KindConnectDocument
	if read(text, r.Document.fields); !r.Document.valid() || resumes != r.Document.Held() {
		return &ToSocket{}, Malformed
	}
	return r, 0
}

// wordOf checks that a text is one object, and returns the word of its kind. How deep a
// user's part of it may be is for whoever takes it to say.
func wordOf(text []byte) (word string, err Error) {
	if jsonscan.Check(text, jsonscan.DepthLimit) != nil {
		return "", Malformed
	}
	if _, ok := jsonscan.Parse(text); !ok {
		return "", Malformed
	}
	raw := jsonscan.Field(text, "kind")
	word, isWord := jsonscan.Str(raw)
	if raw != nil && !isWord {
		return "", Malformed
	}
	return word, 0
}

func unknown(word string) Error {
	if word == "" {
		return Malformed
	}
	return Unknown
}
