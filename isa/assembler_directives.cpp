#include "isa/assembler_directives.h"

#include <llvm/MC/MCFragment.h>
#include <llvm/MC/MCParser/AsmLexer.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>

namespace isobar::isa::mc {

using llvm::AsmToken;
using llvm::SMLoc;
using llvm::StringRef;

namespace {

/// What asking LLVM for the place of an expansion counts as, in bytes of expanded text.
constexpr double kNoteCost = 1024;
constexpr double kStatementCost = 16;
/// What one use of a macro counts as: a macro that uses itself twice makes a million buffers before LLVM's limit of nesting
/// ends it.
constexpr double kInstantiationCost = 1024;

/// What one copy of a text counts as.
double cost(std::string_view text) {
  const auto statements =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == ';'; });
  return static_cast<double>(text.size()) + kStatementCost * static_cast<double>(statements + 1);
}

// Source text has no control characters (check_shape), so it cannot spell this.
std::string secret_name(const std::string& name) {
  return ".\x01" + name;
}

}  // namespace

unsigned Origins::buffer_of(SMLoc where) {
  while (indexed_ < sources_.getNumBuffers()) {
    ++indexed_;
    start_[sources_.getMemoryBuffer(indexed_)->getBufferStart()] = indexed_;
  }
  auto after = start_.upper_bound(where.getPointer());
  if (after == start_.begin()) return 0;
  const unsigned buffer = std::prev(after)->second;
  return where.getPointer() <= sources_.getMemoryBuffer(buffer)->getBufferEnd() ? buffer : 0;
}

SMLoc Origins::resolve(SMLoc where) {
  // Every step leads to a buffer made earlier, except through the shared buffers of pass_on(), hence the
  // bound.
  for (unsigned step = 0; step < 64 && where.isValid(); ++step) {
    const unsigned buffer = buffer_of(where);
    if (buffer == main_) return where;
    const auto found = origin_.find(buffer);
    if (found == origin_.end()) break;
    where = found->second;
  }
  return {};
}

template <bool (Directives::*Handler)(StringRef, SMLoc)>
void Directives::add(std::initializer_list<const char*> names, bool keep_generic) {
  for (const char* name : names) {
    if (keep_generic) getParser().addAliasForDirective(secret_name(name), name);
    // No spelling (".INCBIN") may reach the generic handler.
    getParser().addAliasForDirective(name, secret_name("none"));
    getParser().addDirectiveHandler(name, std::make_pair(this, HandleDirective<Directives, Handler>));
  }
}

void Directives::Initialize(llvm::MCAsmParser& parser) {
  MCAsmParserExtension::Initialize(parser);
  add<&Directives::refuse>({".incbin",
                            ".include",
                            ".print",
                            ".line",
                            ".stabs",
                            ".reloc",
                            ".symver",
                            ".dcb",
                            ".dcb.b",
                            ".dcb.d",
                            ".dcb.l",
                            ".dcb.s",
                            ".dcb.w",
                            ".dcb.x",
                            ".ds",
                            ".ds.b",
                            ".ds.d",
                            ".ds.l",
                            ".ds.p",
                            ".ds.s",
                            ".ds.w",
                            ".ds.x",
                            ".bundle_align_mode",
                            ".bundle_lock",
                            ".bundle_unlock",
                            ".comm",
                            ".common",
                            ".lcomm",
                            ".altmacro",
                            ".noaltmacro",
                            ".macros_on",
                            ".macros_off",
                            ".subsection",
                            ".weakref",
                            ".cg_profile",
                            ".memtag",
                            ".lto_discard",
                            ".lto_set_conditional",
                            ".pseudoprobe",
                            ".cv_def_range",
                            ".cv_file",
                            ".cv_filechecksumoffset",
                            ".cv_filechecksums",
                            ".cv_fpo_data",
                            ".cv_func_id",
                            ".cv_inline_linetable",
                            ".cv_inline_site_id",
                            ".cv_linetable",
                            ".cv_loc",
                            ".cv_string",
                            ".cv_stringtable"},
                           false);
  // Compiler output is full of these; they have no effect on the assembled bytes.
  add<&Directives::ignore>({".file",
                            ".loc",
                            ".ident",
                            ".addrsig",
                            ".addrsig_sym",
                            ".cfi_adjust_cfa_offset",
                            ".cfi_b_key_frame",
                            ".cfi_def_cfa",
                            ".cfi_def_cfa_offset",
                            ".cfi_def_cfa_register",
                            ".cfi_endproc",
                            ".cfi_escape",
                            ".cfi_label",
                            ".cfi_llvm_def_aspace_cfa",
                            ".cfi_lsda",
                            ".cfi_mte_tagged_frame",
                            ".cfi_offset",
                            ".cfi_personality",
                            ".cfi_register",
                            ".cfi_rel_offset",
                            ".cfi_remember_state",
                            ".cfi_restore",
                            ".cfi_restore_state",
                            ".cfi_return_column",
                            ".cfi_same_value",
                            ".cfi_sections",
                            ".cfi_signal_frame",
                            ".cfi_startproc",
                            ".cfi_undefined",
                            ".cfi_window_save"},
                           false);
  add<&Directives::data>({".byte",   ".2byte", ".4byte",  ".8byte", ".short", ".hword", ".word",  ".long",
                          ".int",    ".quad",  ".xword",  ".dword", ".octa",  ".ascii", ".asciz", ".string",
                          ".single", ".float", ".double", ".zero",  ".space", ".skip"},
                         true);
  add<&Directives::data>({kInst}, false);
  add<&Directives::fill>({".fill"}, false);
  add<&Directives::macro>({".macro"}, true);
  add<&Directives::enter>({kEnterMacro}, false);
  add<&Directives::repeat>({".rept", ".rep"}, true);
  add<&Directives::iterate>({".irp", ".irpc"}, true);
}

bool Directives::refuse(StringRef name, SMLoc where) {
  const bool file = name == ".include" || name == ".incbin";
  return Error(
      where, "directive '" + name + "' is not supported" + (file ? ": assembly text cannot read files" : ""));
}

bool Directives::ignore(StringRef, SMLoc) {
  getParser().eatToEndOfStatement();
  return false;
}

void Directives::mark(SMLoc where, bool instruction) {
  if (!origins_.is_known(origins_.buffer_of(where))) learn_origin(where);
  Mark m;
  m.fragment = getStreamer().getCurrentFragment();
  if (const auto* open = llvm::dyn_cast_or_null<llvm::MCDataFragment>(m.fragment))
    m.length = open->getContents().size();
  m.where = origins_.resolve(where);
  m.instruction = instruction;
  marks_.push_back(m);
}

void Directives::learn_origin(SMLoc where) {
  // LLVM looks through all buffers for every note, so that this is not free.
  expanded_ += kNoteCost;
  outermost = {};
  learning_ = true;
  getParser().Note(where, "");
  learning_ = false;
  origins_.set(origins_.buffer_of(where), outermost);
}

bool Directives::data(StringRef name, SMLoc where) {
  mark(where, name == kInst);
  if (name != kInst) return pass_on(secret_name(name.str()), where, false);
  return pass_on(".inst", where, false);
}

bool Directives::fill(StringRef, SMLoc where) {
  mark(where, false);
  const llvm::MCExpr* count = nullptr;
  const SMLoc count_loc = getTok().getLoc();
  i64 size = 1, value = 0;
  if (getParser().checkForValidSection() || getParser().parseExpression(count)) return true;
  if (getParser().parseOptionalToken(AsmToken::Comma)) {
    if (getParser().parseAbsoluteExpression(size)) return true;
    if (getParser().parseOptionalToken(AsmToken::Comma) && getParser().parseAbsoluteExpression(value))
      return true;
  }
  if (getParser().parseEOL()) return true;
  i64 n = 0;
  if (!count->evaluateAsAbsolute(n, getStreamer().getAssemblerPtr())) {
    return Error(count_loc, "expected an absolute number of repetitions");
  }
  if (size < 0 || size > 8) return Error(where, "'.fill' element size must be 0 to 8");
  if (n < 0 || static_cast<u64>(n) > kMaxOutput) return Error(count_loc, "'.fill' repetitions out of range");
  getStreamer().emitFill(*count, size, value, count_loc);
  return false;
}

bool Directives::macro(StringRef, SMLoc where) {
  const StringRef rest = rest_of_buffer(where);
  const std::size_t end = rest.find_first_of("\n;");
  const bool prepared =
      end != StringRef::npos && rest[end] == '\n' && rest.substr(end + 1).starts_with(kEnterMacro);
  if (!prepared) return stop(where, "the body of a macro must start on a new line");
  return pass_on(secret_name(".macro"), where, true);
}

bool Directives::enter(StringRef, SMLoc where) {
  const unsigned buffer = origins_.buffer_of(where);
  if (buffer == 0) return stop(where, "macro text is not in a buffer");
  const StringRef text = getSourceManager().getMemoryBuffer(buffer)->getBuffer();
  if (!charge(kInstantiationCost + cost({text.data(), text.size()}), where)) return true;
  TextProblem problem = check_shape({text.data(), text.size()});
  if (!problem) problem = assignments_.check({text.data(), text.size()});
  if (problem) return stop(where, problem.message + " in macro expansion");
  return getParser().parseEOL();
}

bool Directives::repeat(StringRef name, SMLoc where) {
  const std::string_view body = repetition_body({rest_of_buffer(where).data(), rest_of_buffer(where).size()});
  const SMLoc count_loc = getTok().getLoc();
  i64 count = 0;
  if (getParser().parseAbsoluteExpression(count))
    return stop(count_loc, "expected an absolute number of repetitions");
  if (count > 0 && !charge(static_cast<double>(count) * cost(body), where)) return true;
  // The value stands at the place of the expression, so that errors about it are reported there.
  getLexer().UnLex(AsmToken(AsmToken::Integer, StringRef(count_loc.getPointer(), 1), count));
  return pass_on(secret_name(name.str()), where, true);
}

bool Directives::iterate(StringRef name, SMLoc where) {
  const StringRef rest = rest_of_buffer(where);
  const std::size_t line = std::min(rest.find_first_of("\n;"), rest.size());
  const std::string_view body = repetition_body({rest.data(), rest.size()});
  // LLVM takes `name=value` for a macro argument and looks for the macro, which .irp does not have.
  if (rest.take_front(line).contains('=')) return stop(where, "'=' in the values of '" + name.str() + "'");
  const auto separator = [](char c) { return c == ',' || c == ' ' || c == '\t'; };
  const auto values = name == ".irpc" ? static_cast<long>(line)
                                      : 1 + std::count_if(rest.begin(), rest.begin() + line, separator);
  const auto references = std::count(body.begin(), body.end(), '\\');
  const double substituted = static_cast<double>(references) * static_cast<double>(line);
  if (!charge(static_cast<double>(values) * cost(body) + substituted, where)) return true;
  if (longest_line(body, name == ".irpc" ? 1 : line) > kMaxLine)
    return stop(where, "expansion makes too long a line");
  return pass_on(secret_name(name.str()), where, true);
}

bool Directives::pass_on(const std::string& name, SMLoc where, bool fresh) {
  unsigned& shared = alias_buffer_[name];
  unsigned buffer = shared;
  if (buffer == 0 || fresh) {
    buffer = getSourceManager().AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(name), SMLoc());
    shared = buffer;
  }
  if (!origins_.is_known(origins_.buffer_of(where))) learn_origin(where);
  origins_.set(buffer, origins_.resolve(where));
  getLexer().UnLex(AsmToken(AsmToken::Identifier, getSourceManager().getMemoryBuffer(buffer)->getBuffer()));
  return false;
}

bool Directives::charge(double bytes, SMLoc where) {
  if (too_many_errors && too_many_errors()) {
    stop(where, "too many errors");
    return false;
  }
  expanded_ += bytes;
  if (expanded_ <= static_cast<double>(kMaxExpansion)) return true;
  stop(where, "macros and repetitions expand to too much text");
  return false;
}

bool Directives::stop(SMLoc where, const std::string& message) {
  Error(where, message);
  getParser().printPendingErrors();
  stopped_ = true;
  // An empty rest of the source text: later errors, which are dropped, must still have a place LLVM knows.
  const char* end = getSourceManager().getMemoryBuffer(getSourceManager().getMainFileID())->getBufferEnd();
  static_cast<llvm::AsmLexer&>(getLexer()).setBuffer(StringRef(end, 0));
  while (getLexer().isNot(AsmToken::Eof)) getLexer().Lex();
  return true;
}

StringRef Directives::rest_of_buffer(SMLoc where) {
  const unsigned buffer = origins_.buffer_of(where);
  if (buffer == 0) return {};
  const char* end = getSourceManager().getMemoryBuffer(buffer)->getBufferEnd();
  return {where.getPointer(), static_cast<std::size_t>(end - where.getPointer())};
}

}  // namespace isobar::isa::mc
