import Foundation
import SlipwayConnectors
import SlipwayModel

/// A real mail server (aiosmtpd) that keeps what it takes in a file, and says no where it is told to.
struct RealMailSink {
  let port: Int
  let folder: URL

  /// The mails that it took, as they came.
  var mails: String { (try? String(contentsOf: folder.appending(path: "mails"), encoding: .utf8)) ?? "" }

  /// The certificate of the server, which signs itself.
  static let certificate = "server.pem"

  // `mode` is `none`, `starttls` (and nothing in clear) or `tls`; `refuse` a command and the reply to it, such as `RCPT 550 no such user`; without
  // `password`, which is the user `checks`', nobody is asked to sign in.
  static func with<Result>(
    mode: String = "none", refuse: String = "", password: String? = nil,
    _ body: (RealMailSink) async throws -> Result
  ) async throws -> Result {
    try await withScratchFolder { folder in
      if mode != "none" {
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments =
          ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
          + ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", certificate]
        openssl.currentDirectoryURL = folder
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
      }
      let file = folder.appending(path: "sink.py")
      try Data(script.utf8).write(to: file)
      let words = ["-u", file.path, mode, refuse, password ?? ""]
      return try await withRealProcess(RealSeaweed.tools + "/python3", words, folder: folder) { process in
        var port: Int?
        try await eventually("the mail sink is ready: \(process.text)") {
          port = process.text.split(separator: "\n").first { $0.hasPrefix("ready ") }.flatMap { Int($0.dropFirst(6)) }
          return port != nil
        }
        return try await body(RealMailSink(port: port ?? 0, folder: folder))
      }
    }
  }

  private static let script = #"""
    import asyncio, ssl, sys
    from aiosmtpd.smtp import SMTP, AuthResult
    mode, refuse, password = sys.argv[1:4]
    step, _, reply = refuse.partition(" ")
    class Sink:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if step == "RCPT": return reply
            envelope.rcpt_tos.append(address)
            return "250 OK"
        async def handle_DATA(self, server, session, envelope):
            if step == "DATA": return reply
            with open("mails", "ab") as file: file.write(envelope.content)
            return "250 kept as 4711"
    def known(server, session, envelope, mechanism, data):
        return AuthResult(success=data.login == b"checks" and data.password == password.encode(), handled=False)
    context = None
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("server.pem", "key.pem")
    def factory():
        return SMTP(Sink(), hostname="sink", tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls", authenticator=known if password else None,
            auth_required=bool(password), auth_require_tls=False)
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
        print("ready", server.sockets[0].getsockname()[1])
        await server.serve_forever()
    asyncio.run(main())
    """#
}

extension PythonServers {
  /// A mail server that says the lines of a file, one for each line it hears, and the first at once; `<hang>` and `<cut>` are what they say.
  static let scriptedMail = #"""
    import sys, socket, threading, time
    lines = open(sys.argv[1], "rb").read().split(b"\n")
    server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(50)
    print("ready", server.getsockname()[1])
    def serve(peer):
        heard = peer.makefile("rb")
        try:
            for index, line in enumerate(lines):
                if index and not heard.readline(): break
                if line == b"<hang>": time.sleep(600)
                if line == b"<cut>": break
                peer.sendall(line.replace(b"\\n", b"\r\n") + b"\r\n")
        except OSError: pass
        peer.close()
    while True:
        peer, _ = server.accept()
        threading.Thread(target=serve, args=(peer,), daemon=True).start()
    """#
}
