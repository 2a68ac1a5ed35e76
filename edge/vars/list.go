package vars

// Who is let in.
const (
	Issuer         Text   = "ISSUER"
	Audience       Text   = "AUDIENCE"
	AudienceClaim  Text   = "AUDIENCE_CLAIM"
	SubjectClaim   Text   = "SUBJECT_CLAIM"
	EmailsVerified Switch = "EMAILS_VERIFIED off"
	Algorithms     Text   = "ALGORITHMS"
	Issuers        Text   = "ISSUERS"
	TokenLeeway    Number = "TOKEN_LEEWAY_S 30 none 300"
	MaxTokenLife   Number = "MAX_TOKEN_LIFE_S 31622400"
	ClaimsTimeout  Number = "CLAIMS_TIMEOUT_MS 2000 1 4000"
	QueryTokens    Switch = "QUERY_TOKENS on"
	EmbeddedIssuer Switch = "EMBEDDED_ISSUER off"
	SigningKey     Text   = "SIGNING_KEY secret"
	PreviousKeys   Text   = "PREVIOUS_KEYS secret"
	JWKSURL        Text   = "JWKS_URL"
	StaticKey      Text   = "STATIC_KEY"
	JWKSFresh      Number = "JWKS_FRESH_S 600"
	JWKSStale      Number = "JWKS_STALE_S 3600"
	JWKSCooldown   Number = "JWKS_COOLDOWN_S 30"
	AllowedOrigins Text   = "ALLOWED_ORIGINS"
	AdminToken     Text   = "ADMIN_TOKEN secret"
)

// Guests.
const (
	GuestSecret         Text   = "GUEST_SECRET secret"
	GuestLinks          Switch = "GUEST_LINKS off"
	GuestTokenTTL       Number = "GUEST_TOKEN_TTL_S 900 1 86400"
	LinkMax             Number = "LINK_MAX_S 7776000 1 31536000"
	MaxGuestsPerLink    Number = "MAX_GUESTS_PER_LINK 1000 1 10000"
	MaxGuestsPerDoc     Number = "MAX_GUESTS_PER_DOCUMENT 0"
	MaxLinksPerDocument Number = "MAX_LINKS_PER_DOCUMENT 100 1 10000"
	MaxLinksPerUser     Number = "MAX_LINKS_PER_USER 100 1 10000"
	LinksPerIPPerMin    Number = "LINKS_PER_IP_PER_MIN 60 unlimited 1048576"
	LinksPerIPBurst     Number = "LINKS_PER_IP_BURST 120 1 1048576"
)

// What one address may do.
const (
	ConnectsPerIPPerMin Number = "CONNECTS_PER_IP_PER_MIN 120 unlimited 1048576"
	ConnectsPerIPBurst  Number = "CONNECTS_PER_IP_BURST 240 1 1048576"
	LoginsPerIPPerMin   Number = "LOGINS_PER_IP_PER_MIN 30 unlimited 1048576"
	LoginsPerIPBurst    Number = "LOGINS_PER_IP_BURST 30 1 1048576"
	AuthPerIPPerMin     Number = "AUTH_PER_IP_PER_MIN 120 unlimited 1048576"
	AuthPerIPBurst      Number = "AUTH_PER_IP_BURST 240 1 1048576"
	WaitingApps         Number = "WAITING_APPS 500 off 1048576"
	WaitingAppsPerIP    Number = "WAITING_APPS_PER_IP 20 1 1048576"
	BodyTimeout         Number = "BODY_TIMEOUT_MS 10000"
)

// The embedded issuer.
const (
	AccessTokenTTL           Number = "ACCESS_TOKEN_TTL_S 900"
	RefreshTokenTTL          Number = "REFRESH_TOKEN_TTL_S 2592000"
	SignInMax                Number = "SIGN_IN_MAX_S 7776000"
	RefreshesPerSignInPerMin Number = "REFRESHES_PER_SIGN_IN_PER_MIN 60 1 1048576"
	LoginFailures            Number = "LOGIN_FAILURES 10 1 1048576"
	LoginFailuresPerAccount  Number = "LOGIN_FAILURES_PER_ACCOUNT 100 1 1048576"
	LoginWindow              Number = "LOGIN_WINDOW_S 900"
	PasswordMin              Number = "PASSWORD_MIN 15 1 128"
	InvitationTTL            Number = "INVITATION_TTL_S 604800"
	ResetTTL                 Number = "RESET_TTL_S 86400"
	SignUp                   Switch = "SIGN_UP off"
	SignUpsPerIPPerHour      Number = "SIGN_UPS_PER_IP_PER_HOUR 5 1 1048576"
	SignUpsPerHour           Number = "SIGN_UPS_PER_HOUR 100 1 1048576"
)

// Permissions.
const (
	PermissionsURL      Text   = "PERMISSIONS_URL"
	PermissionsToken    Text   = "PERMISSIONS_TOKEN secret"
	PermissionsTimeout  Number = "PERMISSIONS_TIMEOUT_MS 2000 1 5000"
	PermissionsMaxBytes Number = "PERMISSIONS_MAX_BYTES 65536 1 1048576"
	PermissionTTL       Number = "PERMISSION_TTL_MS 300000"
	StaleAccess         Number = "STALE_ACCESS_MS 3600000"
	MaxAccess           Number = "MAX_ACCESS 256"
)

// Operators.
const (
	WebhookSecret       Text   = "WEBHOOK_SECRET secret"
	WebhookWindow       Number = "WEBHOOK_WINDOW_S 300 1 86400"
	WebhookMaxEvents    Number = "WEBHOOK_MAX_EVENTS 1000 1 1073741824"
	WebhookMaxBodyBytes Number = "WEBHOOK_MAX_BODY_BYTES 262144 1 1073741824"
	AdminMaxBodyBytes   Number = "ADMIN_MAX_BODY_BYTES 65536 1 1073741824"
	AppendMaxEntries    Number = "APPEND_MAX_ENTRIES 100 1 1000"
	AppendMaxBodyBytes  Number = "APPEND_MAX_BODY_BYTES 1048576 1 1073741824"
	ContentMaxEntries   Number = "CONTENT_MAX_ENTRIES 1000 1 10000"
	ContentMaxBytes     Number = "CONTENT_MAX_BYTES 1048576 1 16777216"
	AuditMaxEntries     Number = "AUDIT_MAX_ENTRIES 1000 1 1073741824"
	AuditEntries        Number = "AUDIT_ENTRIES 1000"
	AuditDays           Number = "AUDIT_DAYS 0 unlimited 36500"
	EndedDays           Number = "ENDED_DAYS 30 unlimited 36500"
	LogLevel            Word   = "LOG_LEVEL info warn error"
	Jurisdiction        Word   = "JURISDICTION none eu us fedramp fedramp-high"
	LocationHint        Word   = "LOCATION_HINT none wnam enam sam weur eeur apac apac-ne apac-se oc afr me"
)

// Events out.
const (
	EventsURL        Text   = "EVENTS_URL"
	EventsSecret     Text   = "EVENTS_SECRET secret"
	EventsTypes      Text   = "EVENTS_TYPES"
	EventsEvery      Number = "EVENTS_EVERY_MS 5000 1 86400000"
	EventsTimeout    Number = "EVENTS_TIMEOUT_MS 10000 1 30000"
	EventsTries      Number = "EVENTS_TRIES 16 1 100"
	EventsMaxPending Number = "EVENTS_MAX_PENDING 1000 1 10000"
	EventsMaxDead    Number = "EVENTS_MAX_DEAD 10000 1 1000000"
	EventsDeadDays   Number = "EVENTS_DEAD_DAYS 90 unlimited 36500"
)

// Connections.
const (
	GracePeriod              Number = "GRACE_PERIOD_MS 30000"
	InitTimeout              Number = "INIT_TIMEOUT_MS 30000"
	Heartbeat                Number = "HEARTBEAT_MS 10000"
	HeartbeatTimeout         Number = "HEARTBEAT_TIMEOUT_MS 25000"
	DeviceHeartbeat          Word   = "DEVICE_HEARTBEAT server client"
	RefreshNotice            Number = "REFRESH_NOTICE_MS 60000"
	ReadOnly                 Number = "READ_ONLY_MS 25000"
	MaxRefusedTokens         Number = "MAX_REFUSED_TOKENS 5"
	MaxRevokedTokens         Number = "MAX_REVOKED_TOKENS 1000"
	ConnectsPerUserPerMin    Number = "CONNECTS_PER_USER_PER_MIN 120"
	ConnectsPerUserBurst     Number = "CONNECTS_PER_USER_BURST 0"
	ResumesPerDocumentPerMin Number = "RESUMES_PER_DOCUMENT_PER_MIN 12"
	ResumesPerDocumentBurst  Number = "RESUMES_PER_DOCUMENT_BURST 30"
	ConnectionsPerUser       Number = "CONNECTIONS_PER_USER 1 1 100"
	DelegatesPerUser         Number = "DELEGATES_PER_USER 4 1 100"
	MaxDelegationsPerUser    Number = "MAX_DELEGATIONS_PER_USER 50 1 10000"
	MaxDelegationLife        Number = "MAX_DELEGATION_LIFE_S 7776000 1 31622400"
	MaxDocumentsPerUser      Number = "MAX_DOCUMENTS_PER_USER 2000"
	FullRateDocuments        Number = "FULL_RATE_DOCUMENTS 4"
)

// What is sent.
const (
	MaxFrameBytes     Number = "MAX_FRAME_BYTES 65536 1 1048576"
	MaxDepth          Number = "MAX_DEPTH 64 1 1000"
	MaxUnacknowledged Number = "MAX_UNACKNOWLEDGED 256"
	MessagesPerS      Number = "MESSAGES_PER_S 100"
	MessagesBurst     Number = "MESSAGES_BURST 0"
	BytesPerS         Number = "BYTES_PER_S 1048576"
	BytesBurst        Number = "BYTES_BURST 0"
	MaxRefused        Number = "MAX_REFUSED 1000"
	PresencePerS      Number = "PRESENCE_PER_S 20"
	WindowBytes       Number = "WINDOW_BYTES 1048576"
	SlowAfter         Number = "SLOW_AFTER_MS 10000"
	SyncBytesPerS     Number = "SYNC_BYTES_PER_S 1048576"
	SyncBytesBurst    Number = "SYNC_BYTES_BURST 0"
	MaxReplay         Number = "MAX_REPLAY 1000"
	MaxSyncBytes      Number = "MAX_SYNC_BYTES 262144"
)

// Documents.
const (
	MaxMembers         Number = "MAX_MEMBERS 100"
	MaxReaders         Number = "MAX_READERS 1000"
	ShownReaders       Number = "SHOWN_READERS 100"
	LockRetry          Number = "LOCK_RETRY_MS 5000"
	KeepOps            Number = "KEEP_OPS 1000"
	SnapshotLevel      Word   = "SNAPSHOT_LEVEL write moderate admin"
	SnapshotConfirm    Number = "SNAPSHOT_CONFIRM_MS 60000"
	MaxSnapshotBytes   Number = "MAX_SNAPSHOT_BYTES 4194304"
	MaxSnapshotParts   Number = "MAX_SNAPSHOT_PARTS 256"
	SnapshotIdle       Number = "SNAPSHOT_IDLE_MS 30000"
	KeepReplaced       Number = "KEEP_REPLACED_S 604800"
	MaxReplacedBytes   Number = "MAX_REPLACED_BYTES 1073741824"
	LogDays            Number = "LOG_DAYS 0 unlimited 36500"
	MaxLogBytes        Number = "MAX_LOG_BYTES 536870912"
	MaxComments        Number = "MAX_COMMENTS 10000"
	MaxCommentsPerUser Number = "MAX_COMMENTS_PER_USER 0"
	MaxReplies         Number = "MAX_REPLIES 1000"
	MaxRepliesPerUser  Number = "MAX_REPLIES_PER_USER 1000"
	MaxSections        Number = "MAX_SECTIONS 256"
	SectionTTL         Number = "SECTION_TTL_MS 300000"
	MaxSectionTTL      Number = "MAX_SECTION_TTL_MS 3600000"
)

// Devices and apps.
const (
	OutboxFrames      Number = "OUTBOX_FRAMES 1000"
	OutboxBytes       Number = "OUTBOX_BYTES 1048576"
	MaxUnanswered     Number = "MAX_UNANSWERED 256"
	AppSessionSecret  Text   = "APP_SESSION_SECRET secret"
	PublicURL         Text   = "PUBLIC_URL"
	MaxApps           Number = "MAX_APPS 32"
	AppWebhook        Number = "APP_WEBHOOK_MS 10000 1 30000"
	AppWebhookTries   Number = "APP_WEBHOOK_TRIES 2"
	AppWebhookPause   Number = "APP_WEBHOOK_PAUSE_MS 1000"
	AppConnect        Number = "APP_CONNECT_MS 5000"
	AppGrace          Number = "APP_GRACE_MS 5000"
	AppStop           Number = "APP_STOP_MS 5000"
	AppRounds         Number = "APP_ROUNDS 6 1 12"
	AppStay           Number = "APP_STAY_MS 60000"
	AppOutboxBytes    Number = "APP_OUTBOX_BYTES 4194304"
	AppStartsPerMin   Number = "APP_STARTS_PER_MIN 30"
	AppStartsBurst    Number = "APP_STARTS_BURST 0"
	AppConnectsPerMin Number = "APP_CONNECTS_PER_MIN 60"
	AppConnectsBurst  Number = "APP_CONNECTS_BURST 0"
)

// Messages to a user's browsers.
const (
	UserMessages      Number = "USER_MESSAGES 100 1 1000"
	UserMessageBytes  Number = "USER_MESSAGE_BYTES 262144"
	UserMessageTTL    Number = "USER_MESSAGE_TTL_S 86400"
	UserMessageMaxTTL Number = "USER_MESSAGE_MAX_TTL_S 2592000"
)

// all are all rows, in the order of edge/VARIABLES.md.
const all = "" +
	string(Issuer) + "\n" + string(Audience) + "\n" + string(AudienceClaim) + "\n" + string(SubjectClaim) + "\n" + string(EmailsVerified) + "\n" + string(Algorithms) + "\n" + string(Issuers) + "\n" + string(TokenLeeway) + "\n" + string(MaxTokenLife) + "\n" + string(ClaimsTimeout) + "\n" + string(QueryTokens) + "\n" + string(EmbeddedIssuer) + "\n" + string(SigningKey) + "\n" + string(PreviousKeys) + "\n" + string(JWKSURL) + "\n" + string(StaticKey) + "\n" + string(JWKSFresh) + "\n" + string(JWKSStale) + "\n" + string(JWKSCooldown) + "\n" + string(AllowedOrigins) + "\n" + string(AdminToken) + "\n" +
	string(GuestSecret) + "\n" + string(GuestLinks) + "\n" + string(GuestTokenTTL) + "\n" + string(LinkMax) + "\n" + string(MaxGuestsPerLink) + "\n" + string(MaxGuestsPerDoc) + "\n" + string(MaxLinksPerDocument) + "\n" + string(MaxLinksPerUser) + "\n" + string(LinksPerIPPerMin) + "\n" + string(LinksPerIPBurst) + "\n" +
	string(ConnectsPerIPPerMin) + "\n" + string(ConnectsPerIPBurst) + "\n" + string(LoginsPerIPPerMin) + "\n" + string(LoginsPerIPBurst) + "\n" + string(AuthPerIPPerMin) + "\n" + string(AuthPerIPBurst) + "\n" + string(WaitingApps) + "\n" + string(WaitingAppsPerIP) + "\n" + string(BodyTimeout) + "\n" +
	string(AccessTokenTTL) + "\n" + string(RefreshTokenTTL) + "\n" + string(SignInMax) + "\n" + string(RefreshesPerSignInPerMin) + "\n" + string(LoginFailures) + "\n" + string(LoginFailuresPerAccount) + "\n" + string(LoginWindow) + "\n" + string(PasswordMin) + "\n" + string(InvitationTTL) + "\n" + string(ResetTTL) + "\n" + string(SignUp) + "\n" + string(SignUpsPerIPPerHour) + "\n" + string(SignUpsPerHour) + "\n" +
	string(PermissionsURL) + "\n" + string(PermissionsToken) + "\n" + string(PermissionsTimeout) + "\n" + string(PermissionsMaxBytes) + "\n" + string(PermissionTTL) + "\n" + string(StaleAccess) + "\n" + string(MaxAccess) + "\n" +
	string(WebhookSecret) + "\n" + string(WebhookWindow) + "\n" + string(WebhookMaxEvents) + "\n" + string(WebhookMaxBodyBytes) + "\n" + string(AdminMaxBodyBytes) + "\n" + string(AppendMaxEntries) + "\n" + string(AppendMaxBodyBytes) + "\n" + string(ContentMaxEntries) + "\n" + string(ContentMaxBytes) + "\n" + string(AuditMaxEntries) + "\n" + string(AuditEntries) + "\n" + string(AuditDays) + "\n" + string(EndedDays) + "\n" + string(LogLevel) + "\n" + string(Jurisdiction) + "\n" + string(LocationHint) + "\n" +
	string(EventsURL) + "\n" + string(EventsSecret) + "\n" + string(EventsTypes) + "\n" + string(EventsEvery) + "\n" + string(EventsTimeout) + "\n" + string(EventsTries) + "\n" + string(EventsMaxPending) + "\n" + string(EventsMaxDead) + "\n" + string(EventsDeadDays) + "\n" +
	string(GracePeriod) + "\n" + string(InitTimeout) + "\n" + string(Heartbeat) + "\n" + string(HeartbeatTimeout) + "\n" + string(DeviceHeartbeat) + "\n" + string(RefreshNotice) + "\n" + string(ReadOnly) + "\n" + string(MaxRefusedTokens) + "\n" + string(MaxRevokedTokens) + "\n" + string(ConnectsPerUserPerMin) + "\n" + string(ConnectsPerUserBurst) + "\n" + string(ResumesPerDocumentPerMin) + "\n" + string(ResumesPerDocumentBurst) + "\n" + string(ConnectionsPerUser) + "\n" + string(DelegatesPerUser) + "\n" + string(MaxDelegationsPerUser) + "\n" + string(MaxDelegationLife) + "\n" + string(MaxDocumentsPerUser) + "\n" + string(FullRateDocuments) + "\n" +
	string(MaxFrameBytes) + "\n" + string(MaxDepth) + "\n" + string(MaxUnacknowledged) + "\n" + string(MessagesPerS) + "\n" + string(MessagesBurst) + "\n" + string(BytesPerS) + "\n" + string(BytesBurst) + "\n" + string(MaxRefused) + "\n" + string(PresencePerS) + "\n" + string(WindowBytes) + "\n" + string(SlowAfter) + "\n" + string(SyncBytesPerS) + "\n" + string(SyncBytesBurst) + "\n" + string(MaxReplay) + "\n" + string(MaxSyncBytes) + "\n" +
	string(MaxMembers) + "\n" + string(MaxReaders) + "\n" + string(ShownReaders) + "\n" + string(LockRetry) + "\n" + string(KeepOps) + "\n" + string(SnapshotLevel) + "\n" + string(SnapshotConfirm) + "\n" + string(MaxSnapshotBytes) + "\n" + string(MaxSnapshotParts) + "\n" + string(SnapshotIdle) + "\n" + string(KeepReplaced) + "\n" + string(MaxReplacedBytes) + "\n" + string(LogDays) + "\n" + string(MaxLogBytes) + "\n" + string(MaxComments) + "\n" + string(MaxCommentsPerUser) + "\n" + string(MaxReplies) + "\n" + string(MaxRepliesPerUser) + "\n" + string(MaxSections) + "\n" + string(SectionTTL) + "\n" + string(MaxSectionTTL) + "\n" +
	string(OutboxFrames) + "\n" + string(OutboxBytes) + "\n" + string(MaxUnanswered) + "\n" + string(AppSessionSecret) + "\n" + string(PublicURL) + "\n" + string(MaxApps) + "\n" + string(AppWebhook) + "\n" + string(AppWebhookTries) + "\n" + string(AppWebhookPause) + "\n" + string(AppConnect) + "\n" + string(AppGrace) + "\n" + string(AppStop) + "\n" + string(AppRounds) + "\n" + string(AppStay) + "\n" + string(AppOutboxBytes) + "\n" + string(AppStartsPerMin) + "\n" + string(AppStartsBurst) + "\n" + string(AppConnectsPerMin) + "\n" + string(AppConnectsBurst) + "\n" +
	string(UserMessages) + "\n" + string(UserMessageBytes) + "\n" + string(UserMessageTTL) + "\n" + string(UserMessageMaxTTL) + "\n"
