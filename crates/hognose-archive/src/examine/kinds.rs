//! The catalogue of confusions: one line each.

/// How to take a confusion, before anything else is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Broken or unusual tools do this too.
    Odd,
    /// Content could not be checked: the examination is incomplete.
    Unreadable,
    /// Only an attack needs this.
    Hostile,
}

impl Severity {
    /// Its name: `odd`, `unreadable`, `hostile`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Odd => "odd",
            Self::Unreadable => "unreadable",
            Self::Hostile => "hostile",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $id:literal $severity:ident $text:literal;)*) => {
        /// One way in which two readers could understand an archive differently, or that no honest archive needs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ConfusionKind {
            $(#[doc = $text] $variant,)*
        }

        impl ConfusionKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it is, as a fragment of a sentence.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// How to take it in the outermost archive.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

kinds! {
    // The file as a whole.
    UnknownFormat "unknown-format" Unreadable "the bytes are no archive of a known format";
    ExtensionMismatch "extension-mismatch" Odd "the file name promises another format than the bytes hold";
    Polyglot "polyglot" Hostile "the file is a valid archive of two formats";
    PrefixedData "prefixed-data" Odd "bytes stand before the first member";
    TrailingData "trailing-data" Odd "bytes follow the end of the archive";
    TrailingArchive "trailing-archive" Hostile "another archive follows the end of the archive";
    SeveralStreams "several-streams" Odd "the file holds several compressed streams one after another";
    HighRatio "high-ratio" Odd "the archive unpacks to more than fifty times its size";
    SeveralRoots "several-roots" Odd "the archive has several top directories";
    NestedArchive "nested-archive" Odd "an archive is stored uncompressed inside the archive, so that readers of signatures see its members";
    NestedUnreadable "nested-unreadable" Odd "a member begins like an archive and cannot be opened as one";

    // ZIP: end record and directory.
    NoEndRecord "no-end-record" Unreadable "no end record was found, so that the directory is unknown";
    SeveralEndRecords "several-end-records" Hostile "several end records are valid, each with its own directory";
    DirectoryDamaged "directory-damaged" Unreadable "the central directory cannot be read to its end";
    DirectoryCount "directory-count" Hostile "the end record states another number of entries than the directory holds";
    DirectoryGap "directory-gap" Odd "bytes stand between the central directory and the end record";
    DirectoryPlace "directory-place" Hostile "the central directory stands before the place that the end record states";
    MultiVolume "multi-volume" Hostile "the archive claims to be one of several volumes";
    Zip64Disagreement "zip64-disagreement" Hostile "the ZIP64 fields and the plain fields disagree";
    Zip64Missing "zip64-missing" Odd "a ZIP64 record is asked for and missing";

    // ZIP: local headers against the directory.
    LocalHeaderMissing "local-header-missing" Unreadable "the directory points to a place without a member";
    LocalName "local-name" Hostile "the directory and the member differ in the name";
    LocalMethod "local-method" Hostile "the directory and the member differ in the compression method";
    LocalFlags "local-flags" Hostile "the directory and the member differ in the flags";
    LocalSize "local-size" Hostile "the directory and the member differ in the size";
    LocalChecksum "local-checksum" Hostile "the directory and the member differ in the checksum";
    DescriptorMismatch "descriptor-mismatch" Hostile "the data descriptor and the directory disagree";
    DescriptorMissing "descriptor-missing" Odd "a data descriptor is announced and missing";
    StoredWithDescriptor "stored-with-descriptor" Odd "a stored member states its size only behind its data";
    HiddenMember "hidden-member" Hostile "a member is not listed in the directory";
    Gap "gap" Odd "bytes between members belong to none";
    Overlap "overlap" Hostile "two members share bytes";
    DirectoryWithData "directory-with-data" Hostile "a directory entry holds data";
    ExtraDamaged "extra-damaged" Odd "an extra field is cut off";
    UnicodePath "unicode-path" Hostile "the Unicode path field and the name disagree";

    // Content.
    SizeMismatch "size-mismatch" Hostile "a member unpacks to another size than stated";
    PackedSizeMismatch "packed-size-mismatch" Hostile "bytes behind a member's compressed stream belong to nobody";
    ChecksumMismatch "checksum-mismatch" Hostile "a member has another checksum than stated";
    CorruptData "corrupt-data" Unreadable "compressed data cannot be unpacked";
    Truncated "truncated" Unreadable "the archive ends too early";
    EncryptedMember "encrypted-member" Unreadable "a member is encrypted";
    UnsupportedMethod "unsupported-method" Unreadable "a member is compressed with a method that cannot be read";
    UnusualMethod "unusual-method" Odd "a member is compressed with a method that package indexes refuse";

    // Names.
    NameEmpty "name-empty" Odd "a member has no name";
    NameTooLong "name-too-long" Odd "a name is longer than the limit";
    NameAbsolute "name-absolute" Hostile "a name is absolute";
    NameParent "name-parent" Hostile "a name has a '..' part";
    NameBackslash "name-backslash" Odd "a name has a backslash, which some readers take for a separator";
    NameDrive "name-drive" Hostile "a name begins with a drive letter";
    NameColon "name-colon" Odd "a name has a colon, which names a stream on Windows";
    NameNul "name-nul" Hostile "a name has a NUL, where some readers stop";
    NameControl "name-control" Hostile "a name has a control character";
    NameDevice "name-device" Odd "a name is a device on Windows";
    NameTrailing "name-trailing" Odd "a part of a name ends with a dot or a space, which Windows removes";
    NameEncoding "name-encoding" Odd "a name is not UTF-8, so that readers spell it differently";
    NameUnflagged "name-unflagged" Odd "a name is UTF-8 without saying so, so that readers spell it differently";
    DuplicateName "duplicate-name" Hostile "two members have one path";
    CaseCollision "case-collision" Odd "two paths differ only in case";
    UnicodeCollision "unicode-collision" Odd "two paths differ only in Unicode normalisation";
    FileAsDirectory "file-as-directory" Hostile "one path is a file and also a directory of other members";

    // Links and special members.
    Symlink "symlink" Odd "a member is a symbolic link";
    Hardlink "hardlink" Odd "a member is a hard link";
    HardlinkDangling "hardlink-dangling" Odd "a hard link names no earlier member";
    LinkAbsolute "link-absolute" Hostile "a link points to an absolute path";
    LinkOutside "link-outside" Hostile "a link points out of the archive";
    LinkChain "link-chain" Hostile "a link points through another link";
    MemberUnderLink "member-under-link" Hostile "a member lies under a symbolic link";
    LinkWithData "link-with-data" Odd "a link or directory states a size, and readers differ in whether data follows";
    DeviceMember "device-member" Hostile "a member is a device or a FIFO";
    UnknownType "unknown-type" Odd "a member has an unknown type, which some readers take for a file";
    Setuid "setuid" Odd "a file has a setuid or setgid bit";
    SparseMember "sparse-member" Odd "a member is sparse: its content is not its bytes";

    // Tar headers.
    BadHeader "bad-header" Hostile "a header has a wrong checksum, where some readers stop and others go on";
    AfterEnd "after-end" Hostile "members follow the end mark, which some readers ignore";
    MissingEnd "missing-end" Odd "the end mark is missing";
    TwoSizes "two-sizes" Hostile "the extended header and the header state different sizes";
    OddNumber "odd-number" Odd "a number in a header is written so that readers differ";
    NegativeSize "negative-size" Hostile "a member states a negative or impossible size";
    NamePrefix "name-prefix" Odd "the prefix field of a header is used where readers differ in reading it";
    PaxPath "pax-path" Hostile "the extended header renames a member whose name fits";
    SeveralPaxPaths "several-pax-paths" Hostile "extended headers give a member several paths";
    GlobalPaxPath "global-pax-path" Hostile "a global extended header sets a path, a link or a size";
    PaxDamaged "pax-damaged" Odd "an extended header cannot be parsed to its end";
    LonePax "lone-pax" Odd "an extended header belongs to no member";

    // Limits: what lies beyond was not checked.
    LimitMembers "limit-members" Unreadable "the archive has more members than the limit";
    LimitMemberSize "limit-member-size" Unreadable "a member is larger than the limit";
    LimitTotalSize "limit-total-size" Unreadable "the archive unpacks to more than the limit";
    LimitRatio "limit-ratio" Unreadable "data unpacks to more than the limit allows for its size";
    LimitMemory "limit-memory" Unreadable "reading would take more memory than the limit";
    LimitDepth "limit-depth" Unreadable "archives are nested deeper than the limit";
    LimitTime "limit-time" Unreadable "reading took longer than the limit";
}

/// One confusion that was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// What it is.
    pub kind: ConfusionKind,
    /// The member, by its path as it may be shown: control characters escaped, cut after 200 characters.
    pub member: Option<String>,
    /// The particulars, as a fragment, escaped likewise; may be empty.
    pub detail: String,
    /// 0 in the outermost archive.
    pub depth: u8,
}

impl Confusion {
    /// How to take it where it was met: no installer opens an archive inside an archive, so that a trick there hides
    /// nothing from Python, but what cannot be read stays unread.
    pub fn severity(&self) -> Severity {
        match self.kind.severity() {
            Severity::Hostile if self.depth > 0 => Severity::Odd,
            severity => severity,
        }
    }
}

impl std::fmt::Display for Confusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.describe())?;
        if let Some(member) = &self.member {
            write!(f, ": {member}")?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

/// Text from an archive as it may be shown.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that turn or hide what stands beside them on a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
