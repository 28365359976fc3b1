//! A server of the S3 protocol of a test's own: moto, which checks signatures with the code of the service's own client.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Names an environment of Python with moto; `cargo xtask test` sets it.
const PLACE: &str = "HOGNOSE_TEST_S3";

/// Starts the server and makes a bucket, and a user who may use it. Says what its keys are, then what it is asked.
const SERVER: &str = r#"
import boto3, json, logging, sys, threading
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
port = int(sys.argv[1])
server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
server.start()
url = f"http://127.0.0.1:{port}"
keys = dict(aws_access_key_id="first", aws_secret_access_key="first", region_name="us-east-1")
iam = boto3.client("iam", endpoint_url=url, **keys)
iam.create_user(UserName="gateway")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="gateway", PolicyName="all", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="gateway")["AccessKey"]
keys = dict(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], region_name="us-east-1")
s3 = boto3.client("s3", endpoint_url=url, **keys)
s3.create_bucket(Bucket="artifacts")
print(key["AccessKeyId"], key["SecretAccessKey"], flush=True)
for line in sys.stdin:
    command, *rest = line.split()
    if command == "list":
        found = s3.list_objects_v2(Bucket="artifacts").get("Contents", [])
        print(*sorted(entry["Key"] for entry in found), flush=True)
    if command == "spoil":
        s3.put_object(Bucket="artifacts", Key=rest[0], Body=b"something else")
        print(flush=True)
"#;

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
    pub endpoint: String,
    pub key_id: String,
    pub secret: String,
}

impl Server {
    /// Starts a server with the bucket `artifacts`.
    pub fn start() -> Self {
        let python = std::env::var_os(PLACE).map(|place| PathBuf::from(place).join("bin/python"));
        let python = python.filter(|python| python.is_file()).unwrap_or_else(|| {
            panic!("these tests need moto: `cargo xtask test` installs it, or {PLACE} names an environment that has it")
        });
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut process = Command::new(python)
            .args(["-c", SERVER, &port.to_string()])
            // From the fourth request on every one is checked.
            .env("INITIAL_NO_AUTH_ACTION_COUNT", "3")
            .env_remove("SOURCE_DATE_EPOCH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let (key_id, secret) = line.trim().split_once(' ').unwrap_or_else(|| {
            panic!("moto does not start: run it with {SERVER}");
        });
        Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
            process,
            lines,
        }
    }

    fn tell(&mut self, command: &str) -> String {
        use std::io::Write as _;
        let input = self.process.stdin.as_mut().unwrap();
        writeln!(input, "{command}").unwrap();
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// The keys of all objects.
    pub fn keys(&mut self) -> Vec<String> {
        let line = self.tell("list");
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Puts other bytes in the place of an object.
    pub fn spoil(&mut self, key: &str) {
        self.tell(&format!("spoil {key}"));
    }

    /// Ends it, as a crash would.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
