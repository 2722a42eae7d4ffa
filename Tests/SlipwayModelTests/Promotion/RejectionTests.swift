import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: rejected or held")
struct RejectionTests {
  private func rejected() throws -> Driver {
    let driver = try Driver(Sample.plan())
    try driver.drive()
    #expect(driver.apply(.rejected(by: "bob", reason: "slow")))
    return driver
  }

  @Test("A6: a rejection leads to tasks before the run is over, its reason first")
  func tasks() throws {
    let driver = try rejected()
    #expect(driver.promotion.followUpTasks.first?.title == "shop 1.1 to production was rejected: slow")
    #expect(driver.promotion.next(at: driver.now) == .followUp(attempt: 1))
    #expect(try driver.finish() == .rejected)
    #expect(driver.promotion.followUp?.reference == "T-1")
  }

  @Test("A6: a tracker that takes nothing is asked three times, then the run ends all the same")
  func tracker() throws {
    let driver = try rejected()
    for attempt in 1...3 {
      #expect(driver.promotion.next(at: driver.now) == .followUp(attempt: attempt))
      driver.apply(.followUpIntended(attempt: attempt))
      driver.apply(.followUpFailed(reason: "401", attempt: attempt))
      driver.now = driver.now + .minutes(1)
    }
    #expect(try driver.finish() == .rejected)
    #expect(driver.promotion.remarks.contains { $0.text.contains("401") })
  }

  @Test("A6, F1: a driver that dies over the tracker has made its attempt; after three the run ends without")
  func cutOff() throws {
    let driver = try rejected()
    for attempt in 1...3 {
      #expect(driver.promotion.next(at: driver.now) == .followUp(attempt: attempt))
      driver.apply(.followUpIntended(attempt: attempt))
      #expect(driver.promotion.followUp?.attempts == attempt)
      driver.apply(.resumed)
    }
    #expect(try driver.finish() == .rejected)
    #expect(driver.promotion.followUp?.reference == nil)
  }

  @Test("A6: nobody files tasks for a run that nobody rejected")
  func timeOut() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive()
    driver.now = driver.now + .hours(25)
    #expect(try driver.finish() == .rejected)
    #expect(driver.promotion.followUp == nil)
    #expect(driver.promotion.followUpTasks.isEmpty)
  }

  @Test("A6: while a run is held, trouble where it comes from is said once, and once when it is over")
  func source() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive()
    #expect(!driver.apply(.sourceLooked(trouble: "503")), "nobody looks at what is not held")
    driver.apply(.held(by: "ann", reason: "wait"))
    #expect(driver.apply(.sourceLooked(trouble: "503")))
    #expect(driver.promotion.sourceTrouble == "503")
    #expect(!driver.apply(.sourceLooked(trouble: "504")))
    #expect(driver.apply(.sourceLooked(trouble: nil)))
    #expect(
      driver.promotion.remarks.suffix(2).map(\.text) == ["staging went bad meanwhile: 503", "staging is well again"])
  }
}
