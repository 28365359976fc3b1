//! Where data comes from: the labels the interpreter carries.

use hognose_python::Taint;

use crate::FactKind;

/// One or more environment variables of no known importance.
pub(super) const ENV: Taint = Taint(1);
/// The whole environment.
pub(super) const ENV_ALL: Taint = Taint(1 << 1);
/// A variable that holds a secret.
pub(super) const ENV_SECRET: Taint = Taint(1 << 2);
/// Name of the host or user, addresses, folders.
pub(super) const HOST: Taint = Taint(1 << 3);
/// Platform and versions: what honest programs send as well.
pub(super) const PLATFORM: Taint = Taint(1 << 4);
/// Contents of a file.
pub(super) const FILE: Taint = Taint(1 << 5);
/// Contents of a file or store of credentials.
pub(super) const CREDENTIAL: Taint = Taint(1 << 6);
/// Bytes from the network.
pub(super) const NETWORK: Taint = Taint(1 << 7);
/// Output of a command.
pub(super) const COMMAND: Taint = Taint(1 << 8);
/// The clipboard.
pub(super) const CLIPBOARD: Taint = Taint(1 << 9);
/// A picture of the screen, the camera, or a recording.
pub(super) const SCREEN: Taint = Taint(1 << 10);
/// Keystrokes.
pub(super) const KEYS: Taint = Taint(1 << 11);
/// Encrypted by the program.
pub(super) const CIPHERED: Taint = Taint(1 << 12);
/// A file opened for writing, or its path.
pub(super) const WRITTEN: Taint = Taint(1 << 13);
/// A path in a temporary or hidden folder.
pub(super) const TEMPORARY: Taint = Taint(1 << 14);
/// The program's own file.
pub(super) const ITSELF: Taint = Taint::OWN_FILE;
/// The user's home folder.
pub(super) const HOME: Taint = Taint(1 << 16);
/// Something the user typed.
pub(super) const TYPED: Taint = Taint(1 << 17);
/// A raw connection.
pub(super) const SOCKET: Taint = Taint(1 << 18);
/// A file the program downloaded, by its path.
pub(super) const DOWNLOADED_PATH: Taint = Taint(1 << 19);
/// Found by walking folders.
pub(super) const SEARCHED: Taint = Taint(1 << 20);
/// Data of a file that belongs to the artifact itself.
pub(super) const PACKAGE_DATA: Taint = Taint(1 << 21);

/// A request that carries a body.
pub(super) const BODY: Taint = Taint(1 << 15);
/// The present time.
pub(super) const NOW: Taint = Taint(1 << 22);
/// Language, country or time zone.
pub(super) const REGION: Taint = Taint(1 << 23);
/// A date that stands in the source.
pub(super) const DATE: Taint = Taint(1 << 24);
/// Whether a date has come.
pub(super) const DATE_TEST: Taint = Taint(1 << 25);
/// Whether this is a machine, user or country that stands in the source.
pub(super) const TARGET_TEST: Taint = Taint(1 << 26);
/// A parameter that is named like a credential.
pub(super) const SECRET_PARAMETER: Taint = Taint(1 << 27);
/// A parameter that is named like the key of a wallet.
pub(super) const WALLET_PARAMETER: Taint = Taint(1 << 28);
/// The folder of another distribution or program.
pub(super) const OTHERS_FILE: Taint = Taint(1 << 29);
/// Permission to run memory.
pub(super) const EXECUTABLE: Taint = Taint(1 << 30);
/// What somebody wrote to a bot.
pub(super) const MESSAGE: Taint = Taint(1 << 32);
/// The points of a picture.
pub(super) const PIXELS: Taint = Taint(1 << 31);

/// Labels that mean something when they reach the network, and the flow each makes.
pub(super) const TO_NETWORK: [(Taint, FactKind); 10] = [
    (ENV_ALL, FactKind::FlowEnvNetwork),
    (ENV_SECRET, FactKind::FlowSecretNetwork),
    (CREDENTIAL, FactKind::FlowSecretNetwork),
    (HOST, FactKind::FlowHostNetwork),
    (PLATFORM, FactKind::FlowHostNetwork),
    (FILE, FactKind::FlowFileNetwork),
    (COMMAND, FactKind::FlowCommandNetwork),
    (CLIPBOARD, FactKind::FlowClipboardNetwork),
    (SCREEN, FactKind::FlowScreenNetwork),
    (KEYS, FactKind::FlowKeysNetwork),
];
