import Testing

@Suite("Room")
struct RoomTests {}
