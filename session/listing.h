// The code and the memory of a test in the words of its author: source lines, names of locations and cores.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "session/workload.h"

namespace isobar::session {

/// One instruction of the test's own code.
struct CodeLine {
  unsigned thread = 0;  ///< index of the thread; kSharedCode: a location of type code
  u64 pc = 0;
  u32 word = 0;
  std::string text;  ///< as written, without labels and comments; disassembled if another word stands there by now
  u32 line = 0;      ///< in the file, from 1; 0 if not known
  u32 column = 0;    ///< of the instruction, from 1
  u32 index = 0;     ///< litmus: which instruction of its thread
  /// The guest instruction that it was translated from, as a comment `// guest ADDRESS: TEXT` before it says (as importers
  /// write it); empty if there is none.
  std::string guest = {};
};
inline constexpr unsigned kSharedCode = ~0u;

/// The instruction word at `pc` in the initial memory; nullopt where nothing was loaded.
std::optional<u32> word_at(const model::Program& p, u64 pc);
/// Changes it; `pc` must lie in a segment.
void set_word(model::Program& p, u64 pc, u32 word);

/// A location of memory that the test names.
struct NamedLocation {
  std::string name;
  u64 address = 0;
  u64 bytes = 0;
  u64 element = 0;  ///< bytes of an element of an array; otherwise 0
};

class Listing {
 public:
  explicit Listing(const Workload& w);

  /// Data, by address.
  const std::vector<NamedLocation>& locations() const { return locations_; }

  const std::vector<CodeLine>& code() const { return code_; }
  /// The line of the instruction at `pc`; nullptr for code that is not the test's own (a kernel).
  const CodeLine* at(u64 pc) const;

  /// "P0", the name of the scenario's thread, or "core 1" where threads move.
  std::string core(unsigned core) const;
  /// "STR X0,[X1] (line 9)".
  std::string instruction(u64 pc, u32 word) const;
  /// "(line 9)" with a blank before it, or nothing.
  std::string line(u64 pc) const;
  /// "x", "buf[2]", "P0.loop+0x8", "tag(x)", else the number.
  std::string address(u64 addr) const;
  /// The value of an access of `size` bytes: decimal if small, "&x" if it is the address of something.
  std::string value(const Value& v, unsigned size) const;

 private:
  void list_litmus(const Workload& w);
  void list_scenario(const Workload& w);
  void tell_changed_words(const model::Program& written);
  void list_block(unsigned thread, const scenarios::AsmText& text, const scenarios::Code& code,
                  const model::Program& program);

  struct Named {
    std::string name;
    u64 bytes = 0;
    u64 element = 0;  ///< of an array; otherwise 0
  };
  std::vector<CodeLine> code_;
  std::map<u64, std::size_t> by_pc_;
  std::map<u64, Named> names_;
  std::vector<std::string> cores_;
  std::vector<NamedLocation> locations_;
};

}  // namespace isobar::session
