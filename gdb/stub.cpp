#include "gdb/stub.h"

#include <fmt/format.h>

#include <charconv>

namespace isobar::gdb {

namespace {

using viewers::Event;
using viewers::Instruction;

constexpr unsigned kSp = 31, kPc = 32, kCpsr = 33, kVector = 34, kFpsr = 66, kFpcr = 67, kRegisters = 68;
constexpr const char* kSignalTrap = "05";

/// Reads a hexadecimal number from `text` on; what follows it stays there.
bool take_hex(std::string_view& text, u64& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}
bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string hex_bytes(u64 value, unsigned bytes) {
  std::string out;
  for (unsigned b = 0; b < bytes; ++b) out += fmt::format("{:02x}", value >> (8 * b) & 0xff);
  return out;
}
std::string hex_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}
std::string text_of_hex(std::string_view hex) {
  std::string out;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned value = 0;
    std::from_chars(hex.data(), hex.data() + 2, value, 16);
    out += static_cast<char>(value);
  }
  return out;
}

std::string target_description() {
  std::string xml =
      "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
      "<architecture>aarch64</architecture><feature name=\"org.gnu.gdb.aarch64.core\">";
  for (unsigned n = 0; n < 31; ++n) xml += fmt::format("<reg name=\"x{}\" bitsize=\"64\"/>", n);
  xml += "<reg name=\"sp\" bitsize=\"64\" type=\"data_ptr\"/><reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\"/>"
         "<reg name=\"cpsr\" bitsize=\"32\"/></feature><feature name=\"org.gnu.gdb.aarch64.fpu\">";
  for (unsigned n = 0; n < 32; ++n) xml += fmt::format("<reg name=\"v{}\" bitsize=\"128\" type=\"uint128\"/>", n);
  return xml + "<reg name=\"fpsr\" bitsize=\"32\"/><reg name=\"fpcr\" bitsize=\"32\"/></feature></target>";
}

bool overlap(u64 a, u64 a_size, u64 b, u64 b_size) { return a < b + b_size && b < a + a_size; }

}  // namespace

PacketReader::Got PacketReader::feed(char c) {
  const auto digit = [](char x) {
    return static_cast<u8>(x >= '0' && x <= '9' ? x - '0' : x >= 'a' && x <= 'f' ? x - 'a' + 10 : x >= 'A' && x <= 'F' ? x - 'A' + 10 : 0);
  };
  constexpr std::size_t kLongest = 1 << 16;
  if (c == '$' && state_ != State::Escaped) {  // a new packet, whatever was before
    packet_.clear();
    sum_ = 0;
    state_ = State::Data;
    return Got::Nothing;
  }
  switch (state_) {
    case State::Outside: return Got::Nothing;
    case State::Data:
    case State::Escaped:
      if (state_ == State::Data && c == '#') {
        state_ = State::First;
        return Got::Nothing;
      }
      sum_ = static_cast<u8>(sum_ + static_cast<unsigned char>(c));
      if (state_ == State::Data && c == '}') {
        state_ = State::Escaped;
      } else {
        packet_ += state_ == State::Escaped ? static_cast<char>(c ^ 0x20) : c;
        state_ = packet_.size() > kLongest ? State::Outside : State::Data;
      }
      return Got::Nothing;
    case State::First:
      claimed_ = static_cast<u8>(digit(c) << 4);
      state_ = State::Second;
      return Got::Nothing;
    case State::Second:
      state_ = State::Outside;
      return (claimed_ | digit(c)) == sum_ ? Got::Packet : Got::Damaged;
  }
  return Got::Nothing;
}

std::string framed(std::string_view data) {
  std::string out = "$";
  u8 sum = 0;
  const auto add = [&](char c) {
    out += c;
    sum = static_cast<u8>(sum + static_cast<unsigned char>(c));
  };
  for (const char c : data) {
    const bool special = c == '$' || c == '#' || c == '}' || c == '*';
    if (special) add('}');
    add(special ? static_cast<char>(c ^ 0x20) : c);
  }
  return out + fmt::format("#{:02x}", sum);
}

std::optional<std::string> Stub::answer(const std::string& packet) {
  if (packet.empty()) return "";
  const std::string rest = packet.substr(1);
  switch (packet[0]) {
    case '?': return stopped("");
    case 'q':
    case 'Q': return query(packet);
    case 'g': return registers();
    case 'p': {
      u64 number = 0;
      std::string_view text = rest;
      return take_hex(text, number) && number < kRegisters ? one_register(static_cast<unsigned>(number)) : "E01";
    }
    case 'G':
    case 'P':
    case 'M':
    case 'X': return "E01";  // a recorded run cannot be changed
    case 'm': return memory(rest);
    case 'Z':
    case 'z': return breakpoint(packet);
    case 'H': {
      unsigned core = 0;
      if (rest.empty() || !select(rest.substr(1), core)) return "E01";
      const bool any = rest == "c0" || rest == "c-1";
      if (rest[0] != 'c')
        shown_ = core;
      else
        stepped_ = any ? std::nullopt : std::optional(core);
      return "OK";
    }
    case 'T': {
      unsigned core = 0;
      return select(rest, core) ? "OK" : "E01";
    }
    case 's': return run(stepped_.value_or(shown_), false);
    case 'c': return run(std::nullopt, false);
    case 'b':
      if (rest == "s") return run(stepped_.value_or(shown_), true);
      return rest == "c" ? run(std::nullopt, true) : "";
    case 'v':
      if (packet == "vCont?") return "vCont;c;C;s;S";
      if (packet.rfind("vCont;", 0) == 0) return resume(packet.substr(6));
      if (packet.rfind("vKill", 0) == 0) finished_ = true;
      return finished_ ? "OK" : "";
    case 'D': finished_ = true; return "OK";
    case 'k': finished_ = true; return std::nullopt;
    default: return "";
  }
}

/// "0" and "-1" are any thread: the one that stopped last.
bool Stub::select(const std::string& id, unsigned& core) const {
  if (id == "0" || id == "-1") {
    core = stopped_;
    return true;
  }
  u64 thread = 0;
  std::string_view text = id;
  if (!take_hex(text, thread) || thread == 0 || thread > history_.cores().size()) return false;
  core = static_cast<unsigned>(thread - 1);
  return true;
}

std::string Stub::query(const std::string& packet) {
  std::string_view text = packet;
  if (take(text, "qSupported"))
    return "PacketSize=10000;ReverseStep+;ReverseContinue+;qXfer:features:read+;swbreak+;hwbreak+;vContSupported+;"
           "QStartNoAckMode+";
  if (packet == "QStartNoAckMode") {
    acknowledges_ = false;
    return "OK";
  }
  if (packet == "qC") return fmt::format("QC{:x}", stopped_ + 1);
  if (packet == "qAttached") return "1";
  if (packet == "qsThreadInfo") return "l";
  if (packet == "qfThreadInfo") {
    std::string list = "m";
    for (unsigned core = 0; core < history_.cores().size(); ++core) list += fmt::format("{}{:x}", core == 0 ? "" : ",", core + 1);
    return list;
  }
  if (take(text, "qThreadExtraInfo,")) {
    unsigned core = 0;
    return select(std::string(text), core) ? hex_text(history_.timeline().cores[core]) : "E01";
  }
  if (take(text, "qXfer:features:read:target.xml:")) return features(std::string(text));
  if (take(text, "qRcmd,")) return hex_text(monitor(text_of_hex(text)));
  return "";
}

std::string Stub::features(const std::string& range) const {
  static const std::string xml = target_description();
  u64 begin = 0, size = 0;
  std::string_view text = range;
  if (!take_hex(text, begin) || !take(text, ",") || !take_hex(text, size) || begin > xml.size()) return "E01";
  const std::string part = xml.substr(begin, size);
  return (begin + part.size() == xml.size() ? "l" : "m") + part;
}

/// "monitor where": every core's next instruction.
std::string Stub::monitor(const std::string& command) const {
  if (command != "where") return "isobar: the monitor command is 'where'\n";
  std::string out = fmt::format("event {} of {}\n", history_.position(), history_.length());
  for (unsigned core = 0; core < history_.cores().size(); ++core) {
    const Instruction* next = history_.next(core);
    out += fmt::format("{}: {:#x} {}\n", history_.timeline().cores[core], history_.cores()[core].pc,
                       next != nullptr ? next->text : "retires nothing more");
  }
  return out;
}

std::string Stub::one_register(unsigned number) const {
  const CoreView& c = history_.cores()[shown_];
  const auto low = [&c](isa::Reg r) { return c.registers.get(r).lo; };
  if (number < kSp) return hex_bytes(low(isa::x_reg(number)), 8);
  if (number == kSp) return hex_bytes(c.sp(), 8);
  if (number == kPc) return hex_bytes(c.pc, 8);
  if (number == kCpsr)
    return hex_bytes(low(isa::Reg::N) << 31 | low(isa::Reg::Z) << 30 | low(isa::Reg::C) << 29 | low(isa::Reg::V) << 28 |
                         u64{c.el} << 2 | u64{c.el == 1 && c.sp_sel}, 4);
  if (number == kFpsr) return hex_bytes(low(isa::Reg::FPSR), 4);
  if (number == kFpcr) return hex_bytes(low(isa::Reg::FPCR), 4);
  const Value v = c.registers.get(isa::v_reg(number - kVector));
  return hex_bytes(v.lo, 8) + hex_bytes(v.hi, 8);
}

std::string Stub::registers() const {
  std::string all;
  for (unsigned n = 0; n < kRegisters; ++n) all += one_register(n);
  return all;
}

std::string Stub::memory(const std::string& range) const {
  constexpr u64 kMost = 0x4000;
  u64 address = 0, size = 0;
  std::string_view text = range;
  if (!take_hex(text, address) || !take(text, ",") || !take_hex(text, size)) return "E01";
  std::string out;
  u8 byte = 0;
  for (u64 n = 0; n < std::min(size, kMost) && history_.read(address + n, byte); ++n) out += fmt::format("{:02x}", byte);
  return out.empty() && size != 0 ? "E01" : out;
}

std::string Stub::breakpoint(const std::string& packet) {
  const bool insert = packet[0] == 'Z';
  u64 address = 0, size = 0;
  const char type = packet.size() > 1 ? packet[1] : '?';
  std::string_view text = packet;
  text.remove_prefix(std::min<std::size_t>(2, text.size()));
  if (!take(text, ",") || !take_hex(text, address) || !take(text, ",") || !take_hex(text, size)) return "E01";
  if (type == '0' || type == '1') {
    if (insert)
      breakpoints_.insert(address);
    else
      breakpoints_.erase(address);
    return "OK";
  }
  if (type < '2' || type > '4') return "";
  if (insert)
    watches_.insert({type, address, size});
  else
    watches_.erase({type, address, size});
  return "OK";
}

/// "s:1;c": the first action with a step decides which core is stepped; the others run as they did.
std::string Stub::resume(const std::string& actions) {
  const std::size_t step = actions.find_first_of("sS");
  if (step == std::string::npos) return run(std::nullopt, false);
  unsigned core = stepped_.value_or(shown_);
  const std::size_t colon = actions.find(':', step);
  const std::size_t end = actions.find(';', step);
  if (colon != std::string::npos && (end == std::string::npos || colon < end) &&
      !select(actions.substr(colon + 1, end == std::string::npos ? end : end - colon - 1), core))
    return "E01";
  return run(core, false);
}

std::optional<std::string> Stub::watched(const Event& e) const {
  const Instruction& i = history_.instruction(e);
  for (const Watch& w : watches_) {
    if (!e.retired && w.type != '3' && overlap(e.addr, e.size, w.address, w.size))
      return fmt::format("{}:{:x};", w.type == '2' ? "watch" : "awatch", w.address);
    for (const viewers::Access& a : i.accesses)
      if (e.retired && w.type != '2' && !a.write && overlap(a.addr, a.size, w.address, w.size))
        return fmt::format("{}:{:x};", w.type == '3' ? "rwatch" : "awatch", w.address);
  }
  return std::nullopt;
}

std::optional<std::string> Stub::about_to_touch(bool backwards) const {
  if (!backwards) return history_.ahead() != nullptr ? watched(*history_.ahead()) : std::nullopt;
  const Event* last = history_.behind();
  if (last == nullptr) return std::nullopt;
  if (const auto why = watched(*last)) return why;
  // An instruction goes back together with its stores.
  for (std::size_t n = 1; last->retired; ++n) {
    const Event* store = history_.behind(n);
    if (store == nullptr || store->retired || store->instruction != last->instruction) break;
    if (const auto why = watched(*store)) return why;
  }
  return std::nullopt;
}

const Event* Stub::advance(bool backwards) {
  if (!backwards) return history_.forward();
  const Event* e = history_.back();
  if (e == nullptr || !e->retired) return e;
  for (const Event* store = history_.behind(); store != nullptr && !store->retired && store->instruction == e->instruction;
       store = history_.behind())
    history_.back();
  return e;
}

std::string Stub::run(std::optional<unsigned> core, bool backwards) {
  if (core && reported_ == history_.position() && *core == stopped_) {
    // GDB steps over what it was told of. That may happen long before its instruction retires.
    reported_.reset();
    const Event* e = advance(backwards);
    const Event* next = history_.ahead();
    if (!backwards && e != nullptr && next != nullptr && next->retired && next->instruction == e->instruction) history_.forward();
    return stopped("");
  }
  if (core) stopped_ = *core;
  while (true) {
    if (const auto why = about_to_touch(backwards); why && reported_ != history_.position()) {
      reported_ = history_.position();
      stopped_ = history_.instruction(backwards ? *history_.behind() : *history_.ahead()).core;
      return stopped(*why);
    }
    const Event* e = advance(backwards);
    if (e == nullptr) return stopped(backwards ? "replaylog:begin;" : "replaylog:end;");
    reported_.reset();
    const Instruction& i = history_.instruction(*e);
    if (!e->retired || i.word == 0) continue;
    if (core && i.core == *core) return stopped("");
    if (breakpoints_.count(history_.cores()[i.core].pc) == 0) continue;
    stopped_ = i.core;
    return stopped("hwbreak:;");
  }
}

std::string Stub::stopped(const std::string& why) const {
  return fmt::format("T{}{}thread:{:x};", kSignalTrap, why, stopped_ + 1);
}

}  // namespace isobar::gdb
