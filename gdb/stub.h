// GDB's remote serial protocol over a recorded run: cores are threads, time runs both ways, nothing can be changed.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gdb/history.h"

namespace isobar::gdb {

/// Takes packets out of a stream of bytes: "$data#checksum".
class PacketReader {
 public:
  /// What a byte completes.
  enum class Got : u8 { Nothing, Packet, Damaged };
  Got feed(char c);
  /// Of the packet that was completed last, without escapes.
  const std::string& packet() const { return packet_; }

 private:
  enum class State : u8 { Outside, Data, Escaped, First, Second } state_ = State::Outside;
  std::string packet_;
  u8 sum_ = 0, claimed_ = 0;
};

/// `data` as it is sent.
std::string framed(std::string_view data);

/// Answers packets. Unknown ones get an empty answer, as the protocol wants it.
class Stub {
 public:
  explicit Stub(History& history) : history_(history) {}

  /// The data of the answer; nothing if there is none.
  std::optional<std::string> answer(const std::string& packet);
  bool finished() const { return finished_; }      ///< detached or killed
  bool acknowledges() const { return acknowledges_; }

 private:
  struct Watch {
    char type = '2';  ///< 2 write, 3 read, 4 both
    u64 address = 0, size = 0;
    friend auto operator<=>(const Watch&, const Watch&) = default;
  };

  std::string query(const std::string& packet);
  std::string features(const std::string& range) const;
  std::string monitor(const std::string& command) const;
  std::string registers() const;
  std::string one_register(unsigned number) const;
  std::string memory(const std::string& range) const;
  std::string breakpoint(const std::string& packet);
  std::string resume(const std::string& actions);
  /// Runs until `core` has retired an instruction, or if it is nullopt until a breakpoint; a watchpoint ends both.
  std::string run(std::optional<unsigned> core, bool backwards);
  std::optional<std::string> watched(const viewers::Event& e) const;
  /// What the next event in this direction would touch. A stop is before the event: GDB knows that on this architecture
  /// the instruction has not been executed then, and steps over it.
  std::optional<std::string> about_to_touch(bool backwards) const;
  const viewers::Event* advance(bool backwards);
  std::string stopped(const std::string& why) const;
  bool select(const std::string& id, unsigned& core) const;

  History& history_;
  unsigned shown_ = 0;     ///< core whose registers are read
  unsigned stopped_ = 0;   ///< core that the last stop was about
  std::optional<unsigned> stepped_;  ///< core that `s`, `bs` are about; else the one shown
  std::set<u64> breakpoints_;
  std::set<Watch> watches_;
  std::optional<std::size_t> reported_;  ///< position of the watchpoint that was reported last
  bool finished_ = false;
  bool acknowledges_ = true;
};

}  // namespace isobar::gdb
