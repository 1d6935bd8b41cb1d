// What a scenario made of translated code asks, in terms of the guest: which of its variables the threads share, what
// its registers start with, and which guest outcomes never, sometimes or always happen.
//
// Must not know: translators. Where a guest register is, the caller says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/types.h"

namespace isobar::scenarios {

/// A guest variable that the threads share.
struct GuestVariable {
  std::string name;
  u64 address = 0;  ///< in the guest
  u64 value = 0;    ///< of the first element
  u64 count = 0;    ///< elements of 8 bytes of an array; 0: no array
};

/// What a guest register of a thread starts with: a number or a variable, as scenarios write it.
struct GuestRegister {
  std::string thread, name, value;
};

/// `verdict` is never, sometimes or always. In the condition `THREAD:REGISTER` is a guest register or a part of one, where a
/// thread may also be named by its number; all else is as in scenarios.
struct GuestQuestion {
  std::string verdict, condition;
  std::string why = {};  ///< empty: the condition
};

struct GuestOptions {
  std::string name;  ///< of the scenario
  std::vector<GuestVariable> variables;
  std::vector<GuestRegister> registers;
  std::vector<GuestQuestion> questions;
  /// Helpers of the translator whose work is not known return at once, without effect. Otherwise calling one is an error.
  bool stub_helpers = false;
  /// A64 code of helpers whose work is known, by name, and which helper is where: by address, for FEX by offset in its
  /// state.
  std::map<std::string, std::string> helpers = {};
  std::map<u64, std::string> helper_names = {};
  std::string register_names = {};  ///< which registers there are, for messages
};

/// The code of the helper at `address` if its name and work are known, else empty. Throws InputError for a name without work.
std::string helper_code(const GuestOptions& options, u64 address);

/// A code area of a scenario.
std::string helper_yaml(const std::string& label, const std::string& remark, u64 at, const std::string& code);

/// Does a question speak of a flag of the guest, or of all? Then threads have to compute them at their end.
bool asks_for_flags(const GuestOptions& options);

/// Where a guest register of a thread is, as scenarios write it ("reader.X4", "bits(reader_rax, 7, 0)"); empty if there is
/// none of that name.
using GuestPlace = std::function<std::string(const std::string& thread, const std::string& reg)>;

/// The end of a scenario: `show` for `shown` (registers of each thread) and the variables, or what is expected if
/// there are questions. Throws InputError for a thread or register that does not exist.
std::string guest_questions_yaml(const GuestOptions& options, const std::vector<std::string>& threads,
                                 const std::vector<std::string>& shown, const GuestPlace& place);

/// Entries of `memory` for the variables, `shift` added to their addresses. Throws InputError for a name that is none.
std::string guest_variables_yaml(const GuestOptions& options, u64 shift);

/// "NAME=ADDRESS" or "NAME=ADDRESS:VALUE", NAME may be "NAME[COUNT]"; "THREAD:REGISTER=VALUE". Throw InputError.
GuestVariable parse_guest_variable(const std::string& text);
GuestRegister parse_guest_register(const std::string& text);

/// Is `value` a number, decimal or after 0x, of at most so many bits (128 or fewer)?
bool fits_in(const std::string& value, unsigned bits);

/// Letters, digits and underscores, not starting with a digit.
bool is_name(const std::string& s);

}  // namespace isobar::scenarios
