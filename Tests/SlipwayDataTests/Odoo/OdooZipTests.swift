import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Odoo's own backups")
struct OdooZipTests {
  private static let room: Int64 = 1 << 30

  /// A backup as the example's server makes it, which is as Odoo 19.0 does.
  private func backup(_ odoo: RealOdoo) async throws -> String {
    let path = odoo.folder.appending(path: "backup.zip").path
    let said = try await odoo.bin(["db", "dump", odoo.database, path])
    #expect(said.code == 0, "\(said.text)")
    return path
  }

  private func python(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? text : "failed: " + text
  }

  @Test(
    "B5: a real backup is read whole, markers of the collector left out, and written again so that zipfile and unzip take it"
  )
  func roundTrip() async throws {
    try await RealOdoo.with { odoo in
      let path = try await backup(odoo)
      let folder = odoo.folder.appending(path: "out").path
      let read = try OdooZip.unpack(path, into: folder, limit: Self.room)
      #expect(read.manifest.database == odoo.database)
      #expect(read.manifest.version == "19.0")
      #expect(
        read.manifest.modules == ["base": "19.0.1.3", "web": "19.0.1.0", "mail": "19.0.1.19", "shop": "19.0.1.0"])
      #expect(read.fileCount == 2 && read.fileBytes == 16 && read.ignored == [])
      #expect(read.dump.server?.hasPrefix("15.") == true)
      #expect(try FileManager.default.subpathsOfDirectory(atPath: folder + "/filestore").count == 4)

      let files = try FileManager.default.subpathsOfDirectory(atPath: folder + "/filestore")
        .filter { $0.utf8.count == 43 }.map { (name: $0, path: folder + "/filestore/" + $0) }
      let written = odoo.folder.appending(path: "written.zip").path
      try OdooZip.write(written, manifest: read.manifest, dump: folder + "/dump.sql", files: files)
      let script = """
        import sys, zipfile, json
        with zipfile.ZipFile(sys.argv[1]) as a, zipfile.ZipFile(sys.argv[2]) as b:
            assert a.testzip() is None
            assert a.namelist()[0] == 'dump.sql', a.namelist()
            assert a.read('dump.sql') == b.read('dump.sql')
            assert json.loads(a.read('manifest.json')) == json.loads(b.read('manifest.json')), a.read('manifest.json')
            assert set(a.namelist()) == {n for n in b.namelist() if not n.startswith('filestore/checklist/')}
        print('same')
        """
      #expect(try python(script, [written, path]) == "same\n")
      let again = try OdooZip.unpack(written, into: folder + "-again", limit: Self.room)
      #expect(again == read)
      #expect(throws: ConnectorError.self) {
        try OdooZip.write(written, manifest: read.manifest, dump: folder + "/dump.sql", files: [])
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: odoo.folder.path).filter { $0.contains(".part-") } == [])
    }
  }

  @Test("F7: what Odoo hands out with status 200 instead of a backup is called by its name")
  func noBackup() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        try await withProbe { probe in
          let form = Secret("master_pwd=wrong&name=\(odoo.database)&backup_format=zip")
          let answer = try await probe.post(url + "/web/database/backup", form: form, timeout: .seconds(60))
          #expect(answer.status == 200)
          let path = odoo.folder.appending(path: "page.zip").path
          try Data(answer.body.utf8).write(to: URL(filePath: path))
          let error = #expect(throws: ConnectorError.self) {
            try OdooZip.unpack(path, into: path + "-out", limit: Self.room)
          }
          #expect(error?.message.contains("Database backup error: Access Denied") == true, "\(error?.message ?? "")")
        }
      }
      // A table without rights: pg_dump fails, the exit code is 0, the file is empty.
      let empty = odoo.folder.appending(path: "empty.zip").path
      let said = try await odoo.bin(["db", "dump", "no_such_database", empty, "--format", "dump"])
      #expect(said.code == 0)
      let error = #expect(throws: ConnectorError.self) {
        try OdooZip.unpack(empty, into: empty + "-out", limit: Self.room)
      }
      #expect(error?.message.contains("it is empty") == true)
      try Data("PGDMP\u{1}\u{2}".utf8).write(to: URL(filePath: empty))
      let custom = #expect(throws: ConnectorError.self) {
        try OdooZip.unpack(empty, into: empty + "-out", limit: Self.room)
      }
      #expect(custom?.message.contains("without the filestore") == true)
    }
  }

  @Test("F7: an archive whose parts are not what they should be is refused, each for its own reason")
  func hostile() async throws {
    try await withScratchFolder { folder in
      let good =
        "--\\n-- PostgreSQL database dump\\n--\\n\\nSELECT 1;\\n--\\n-- PostgreSQL database dump complete\\n--\\n\\n"
      let script = """
        import sys, zipfile, json, hashlib
        good = '\(good)'
        manifest = json.dumps({'odoo_dump': '1', 'db_name': 'x', 'version': '19.0', 'version_info': [19, 0, 0, 'final', 0, '']})
        def make(name, entries, plain=True):
            with zipfile.ZipFile(sys.argv[1] + '/' + name + '.zip', 'w', zipfile.ZIP_DEFLATED) as z:
                if plain: entries = {'dump.sql': good, 'manifest.json': manifest, **entries}
                for key, value in entries.items(): z.writestr(key, value)
        h = hashlib.sha1(b'content').hexdigest()
        make('fine', {f'filestore/{h[:2]}/{h}': 'content', f'filestore/checklist/{h[:2]}/{h}': '', 'sessions/a': 'x'})
        make('slip', {'filestore/../../../tmp/slip': 'x'})
        make('absolute', {'/tmp/absolute': 'x'})
        make('backslash', {'filestore\\\\\\\\..\\\\\\\\x': 'x'})
        make('hash', {f'filestore/{h[:2]}/{h}': 'other'})
        make('nodump', {'manifest.json': manifest}, False)
        make('nomanifest', {'dump.sql': good}, False)
        make('emptydump', {'dump.sql': ''})
        make('cutdump', {'dump.sql': good[:60]})
        make('longdump', {'dump.sql': good + '\\\\! rm -rf /\\n'})
        make('restricted', {'dump.sql': good.replace('SELECT', '\\\\restrict abc\\nSELECT') + '\\\\unrestrict abd\\n'})
        make('nosql', {'dump.sql': 'PGDMP'})
        make('form', {'manifest.json': manifest.replace('"1"', '"2"')})
        make('nojson', {'manifest.json': '[]'})
        info = zipfile.ZipInfo(f'filestore/{h[:2]}/{h}'); info.create_system = 3; info.external_attr = 0o120777 << 16
        make('link', {info: '/etc/passwd'})
        make('bomb', {'filestore/aa/' + 'a' * 40: b'0' * (200 << 20)})
        make('comment', {})
        with zipfile.ZipFile(sys.argv[1] + '/comment.zip', 'a') as z: z.comment = b'PK\\x05\\x06' + b'x' * 40
        with zipfile.ZipFile(sys.argv[1] + '/packed.zip', 'w', zipfile.ZIP_BZIP2) as z: z.writestr('dump.sql', good)
        import warnings; warnings.simplefilter('ignore')
        with zipfile.ZipFile(sys.argv[1] + '/twice.zip', 'w') as z:
            z.writestr('manifest.json', manifest); z.writestr('dump.sql', good); z.writestr('dump.sql', good)
        print('made')
        """
      #expect(try python(script, [folder.path]) == "made\n")
      func read(_ name: String) throws -> OdooZip {
        try OdooZip.unpack("\(folder.path)/\(name).zip", into: "\(folder.path)/out-\(name)", limit: 100 << 20)
      }
      let fine = try read("fine")
      #expect(fine.fileCount == 1 && fine.ignored == ["sessions/a"])
      #expect(try read("comment").fileCount == 0)
      let reasons = [
        "slip": "leads out", "absolute": "leads out", "backslash": "leads out", "hash": "does not have the hash",
        "nodump": "no dump.sql", "nomanifest": "no manifest.json", "emptydump": "is empty", "cutdump": "was cut off",
        "longdump": "goes on behind its end", "restricted": "goes on behind its end", "nosql": "does not begin",
        "form": "is of form '2'", "nojson": "is not that of a backup", "link": "is a link", "bomb": "there is room for",
        "packed": "packed by method 12", "twice": "is there twice",
      ]
      for (name, reason) in reasons {
        let error = #expect(throws: ConnectorError.self, "\(name)") { try read(name) }
        #expect(error?.message.contains(reason) == true, "\(name): \(error?.message ?? "")")
      }
      #expect(!FileManager.default.fileExists(atPath: "/tmp/slip"))
    }
  }

  @Test(
    "F7: an archive cut or changed anywhere gives an error or the very same content, never anything else",
    arguments: 0..<8)
  func mutations(seed: UInt64) async throws {
    try await RealOdoo.with { odoo in
      let path = try await backup(odoo)
      let original = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let read = try OdooZip.unpack(path, into: odoo.folder.path + "/whole", limit: Self.room)
      let dump = try Data(contentsOf: odoo.folder.appending(path: "whole/dump.sql"))
      var random = Chance(seed: seed)
      for round in 0..<150 {
        var bytes = original
        switch random.next() % 4 {
        case 0: bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
        case 1:
          // The directory is where most of the numbers are.
          let place = bytes.count - 1 - Int(random.next() % UInt64(min(bytes.count, 900)))
          bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
        default:
          let place = Int(random.next() % UInt64(bytes.count))
          bytes.insert(
            contentsOf: repeatElement(UInt8(truncatingIfNeeded: random.next()), count: 1 + Int(random.next() % 9)),
            at: place)
        }
        let (file, out) = ("\(path)-\(round)", "\(path)-out-\(round)")
        try Data(bytes).write(to: URL(filePath: file))
        do throws(ConnectorError) {
          let found = try OdooZip.unpack(file, into: out, limit: Self.room)
          #expect(found.manifest == read.manifest && found.dump == read.dump && found.fileCount <= read.fileCount)
          #expect((try? Data(contentsOf: URL(filePath: out + "/dump.sql"))) == dump)
        } catch {
          #expect(!error.message.isEmpty)
        }
        try? FileManager.default.removeItem(atPath: file)
        try? FileManager.default.removeItem(atPath: out)
      }
    }
  }

  @Test("an archive with more than 65,535 entries, and numbers of more than 32 bits, is written and read as zip64")
  func large() async throws {
    try await withScratchFolder { folder in
      let path = folder.appending(path: "many.zip").path
      let writer = try ZipWriter(path: path)
      for number in 0..<66_000 { try writer.add("n/\(number)", [UInt8(number & 255)], isDeflated: false) }
      try writer.finish()
      let archive = try ZipArchive(path: path)
      #expect(archive.entries.count == 66_000)
      var last: [UInt8] = []
      try archive.read(archive.entries[65_999]) { last += $0 }
      #expect(last == [UInt8(65_999 & 255)])
      let script =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.namelist()), z.read('n/65999')[0])"
      #expect(try python(script, [path]) == "66000 \(65_999 & 255)\n")
      // A sparse file of 4.2 GiB that only Python's directory speaks of.
      let wide = folder.appending(path: "wide.zip").path
      let sparse = """
        import sys, struct
        size = 0x100000010
        def extra(*numbers): return struct.pack('<HH', 1, 8 * len(numbers)) + b''.join(struct.pack('<Q', n) for n in numbers)
        with open(sys.argv[1], 'wb') as f:
            f.write(struct.pack('<IHHHHHIIIHH', 0x04034b50, 45, 0, 0, 0, 0x21, 0, 0xffffffff, 0xffffffff, 1, 20) + b'a' + extra(size, size))
            f.seek(size, 1); start = f.tell()
            f.write(struct.pack('<IHHHHHHIIIHHHHHII', 0x02014b50, 45, 45, 0, 0, 0, 0x21, 0, 0xffffffff, 0xffffffff, 1, 20, 0, 0, 0, 0, 0) + b'a' + extra(size, size))
            end = f.tell()
            f.write(struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, 1, 1, end - start, start))
            f.write(struct.pack('<IIQI', 0x07064b50, 0, end, 1))
            f.write(struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 1, 1, end - start, 0xffffffff, 0))
        """
      #expect(try python(sparse, [wide]) == "")
      let found = try ZipArchive(path: wide)
      #expect(found.entries.map(\.bytes) == [0x1_0000_0010])
    }
  }

  @Test("a program that does not know \\restrict is told by its version")
  func versions() {
    for (version, isKnown) in [
      ("15.18", true), ("15.14", true), ("15.13", false), ("17.5", false), ("17.6", true), ("18.0", true),
      ("18beta2", true),
      ("14.19", true), ("12.22", false), ("", false), ("16", false),
    ] {
      #expect(PlainDump.isKnown(toProgram: version) == isKnown, "\(version)")
    }
  }
}

/// The same numbers for the same seed (SplitMix64).
private struct Chance {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
