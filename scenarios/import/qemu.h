// Reads the log of QEMU user emulation on an arm64 host: which A64 words it emitted for which guest
// instructions.
//
// The log is what `qemu-x86_64 -d in_asm,out_asm` (or with `op`) writes with a QEMU that prints host words
// through its disassembler, such as Debian's 7.2. Owns the format of the log; must not know scenarios.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/types.h"

namespace isobar::scenarios {

/// One piece of emitted code: consecutive words.
struct HostCode {
  u64 base = 0;  ///< address of the first word in the process that was logged
  std::vector<u32> words;
  bool contains(u64 address) const { return address >= base && address - base < 4 * words.size(); }
};

/// One guest instruction of a block.
struct GuestInstruction {
  u64 pc = 0;
  std::string text;    ///< as QEMU disassembled it, without the bytes
  u32 first_word = 0;  ///< index of its first host word
};

/// One translation block.
struct TranslatedBlock {
  u64 guest_pc = 0;
  std::string symbol;  ///< guest function, empty if the guest has no symbols
  std::vector<GuestInstruction> guest;
  HostCode code;
  std::vector<std::string> calls;  ///< helpers, in the order of their calls, if the log shows operations (`op_opt`, `op`)
  u32 slow_paths = 0;              ///< index of the first word that only rare cases reach; 0: none
  u32 line = 0;  ///< of the log, where the block starts
};

struct QemuLog {
  HostCode prologue;  ///< entry `(env in X0, block in X1)` and exit code, empty if it was not logged
  std::vector<TranslatedBlock> blocks;  ///< in the order of translation
};

/// Throws InputError with line and column: a word that is not hexadecimal, host addresses that do not follow
/// each other, a block whose length is not the one that its header announces (a cut or interleaved log), a
/// log without any block. Text of other log items is skipped.
QemuLog parse_qemu_log(std::string_view text, const std::string& file);

/// Addresses outside the logged code that it calls or jumps to, ascending: QEMU's C helpers. Finds direct
/// branches and the ADRP, ADD, BLR idiom of QEMU's arm64 back end.
std::vector<u64> helper_addresses(const QemuLog& log);

/// Those of them whose result the code jumps to at once (BLR, then BR X0): the lookup of the next block.
std::vector<u64> lookup_addresses(const QemuLog& log);

/// Names of helpers by address: the n-th call of a block is the n-th that its operations show. A block whose calls are not
/// as many says nothing. Throws InputError where two blocks contradict each other.
std::map<u64, std::string> helper_names(const QemuLog& log, const std::string& file);

/// Makes every exit of a block that QEMU can link to another block (goto_tb) fall through to the code that
/// leaves the translated code: the log shows such an exit before QEMU has given it its first target, which is
/// the word after it.
void reset_links(QemuLog& log);

}  // namespace isobar::scenarios
