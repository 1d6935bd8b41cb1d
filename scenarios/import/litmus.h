// Herd's litmus format as plain data, and its reader.
//
// Owns: the syntax. Must not know: instructions, addresses, machines; code stays text. What the format has
// but the model does not (page table entries, memory tags, fault handlers) is read and kept, so that the next
// step can name it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostic.h"
#include "support/types.h"

namespace isobar::scenarios {

/// A place in the text, counted from 1.
struct LitmusPosition {
  u32 line = 1;
  u32 column = 1;
};

/// A declared type. Without a declaration the format's default holds: a signed 32-bit int.
struct LitmusType {
  bool declared = false;
  bool pointer = false;
  bool instruction = false;  ///< ins_t
  bool is_signed = true;
  u8 size = 4;  ///< bytes of one element: 1, 2, 4, 8 or 16
};

/// What `0:X1=...`, `x=...` or a condition may have on its right.
struct LitmusValue {
  enum class Kind : u8 {
    Number,       ///< number
    Address,      ///< symbol, plus `number` bytes, plus `index` elements
    Label,        ///< name in the code of `thread`
    Instruction,  ///< text of one instruction
    List,         ///< { value, value ... }
    Descriptor,   ///< text of a page table entry: "(oa:PA(x), valid:0)"
    Tag,          ///< text is the name of a memory tag: `:red`
    Unmodelled,   ///< text of something the model does not have
  } kind = Kind::Number;
  LitmusPosition where;
  bool negative = false;  ///< Number: written with a minus sign
  u64 number = 0;         ///< two's complement
  u64 index = 0;
  unsigned thread = 0;
  std::string text;  ///< symbol, label, instruction, page table entry, tag or what is not modelled
  std::string tag;   ///< Address: the tag of the pointer, or empty
  std::vector<LitmusValue> list;
};

/// What stands on the left of a declaration or of a condition, or in a `locations` list.
struct LitmusPlace {
  enum class Kind : u8 { Register, Memory, Tag, Fault, Unmodelled } kind = Kind::Register;
  LitmusPosition where;
  unsigned thread = 0;       ///< Register, Fault
  std::string name;          ///< register, symbol, label of a fault (or empty), or what is not modelled
  u64 offset = 0;            ///< Tag: [tag(x+16)], bytes
  std::string arrangement;   ///< of a vector register: "4S"
  std::optional<u64> index;  ///< x[index]; in a declaration the number of elements
  bool bracketed = false;    ///< written [x]
  std::vector<std::string> details;  ///< Fault: what follows the label, as written
};

/// One item of the initial state.
struct LitmusDeclaration {
  LitmusType type;
  LitmusPlace place;
  std::optional<LitmusValue> value;
};

/// One instruction of a thread, labels apart.
struct LitmusInstruction {
  std::string text;  ///< as written, blanks collapsed, comments removed
  LitmusPosition where;
};
struct LitmusLabel {
  std::string name;
  u32 index = 0;  ///< the instruction it stands before; may be one past the last
  LitmusPosition where;
};

/// One column of the code table.
struct LitmusThread {
  unsigned number = 0;
  bool handler = false;  ///< column Pn.F, a fault handler
  LitmusPosition where;
  std::vector<LitmusInstruction> code;
  std::vector<LitmusLabel> labels;
};

/// A proposition about final states.
struct LitmusProposition {
  enum class Kind : u8 { True, False, Equal, Fault, Not, And, Or, Implies } kind = Kind::True;
  LitmusPlace place;  ///< Equal, Fault
  LitmusValue value;  ///< Equal
  std::vector<LitmusProposition> parts;
};

enum class LitmusQuantifier : u8 { Exists, NotExists, ForAll };

/// A header line `key=value`.
struct LitmusInfo {
  std::string key, value;
  LitmusPosition where;  ///< of the key
  LitmusPosition value_where;
};

struct LitmusTest {
  std::string file;
  std::string architecture;  ///< first word of the text
  std::string name;
  std::string description;  ///< the string in double quotes, if any
  std::vector<LitmusInfo> info;
  std::vector<LitmusDeclaration> init;
  std::vector<LitmusThread> threads;  ///< columns in order: P0, P1 ... and their handlers
  std::vector<LitmusPlace> locations;
  std::optional<LitmusProposition> filter;
  LitmusQuantifier quantifier = LitmusQuantifier::ForAll;
  LitmusProposition condition;  ///< True if the text has none
};

/// Reads one test. Any sequence of bytes gives either a test or InputError with `file`, line and column.
/// `file` is used in messages only.
LitmusTest parse_litmus(std::string_view text, const std::string& file);

/// The final condition in one line, canonical: `exists (0:X0=1 /\ [x]=2)`.
std::string condition_text(const LitmusTest& test);

/// A value, a place as such a line has them: `label:"P0:L0"`, `-1`, `x`, `{1,2}`; `0:X1`, `[x]`, `x[1]`,
/// `fault(P0:L0)`.
std::string to_text(const LitmusValue& v);
std::string to_text(const LitmusPlace& p);

}  // namespace isobar::scenarios
