import Foundation
import Glibc
import SlipwayModel

// Hashing is seeded anew in each process unless this is set before it begins.
if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
  setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
  var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
  execv("/proc/self/exe", &arguments)
}
exit(Program(Array(CommandLine.arguments.dropFirst())).run())
