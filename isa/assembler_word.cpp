// assemble_word() and disassemble(): one instruction at a time, with LLVM objects that live as long as the
// thread.
#include <llvm/MC/MCAsmBackend.h>
#include <llvm/MC/MCCodeEmitter.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCFixup.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCObjectFileInfo.h>
#include <llvm/MC/MCParser/AsmLexer.h>
#include <llvm/MC/MCParser/MCAsmParser.h>
#include <llvm/MC/MCParser/MCParsedAsmOperand.h>
#include <llvm/MC/MCParser/MCTargetAsmParser.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <array>
#include <cstring>
#include <unordered_map>

#include "isa/answers.h"
#include "isa/assembler.h"
#include "isa/assembler_target.h"
#include "isa/assembler_text.h"

namespace isobar::isa {

namespace {

using llvm::AsmToken;

constexpr std::size_t kBufferSize = 512;
/// LLVM's context never frees expressions and symbols, so the objects are made anew now and then.
constexpr unsigned kParsesPerContext = 20000;
constexpr std::size_t kMaxCached = std::size_t{1} << 18;

/// Keeps the instruction instead of writing it anywhere.
class CapturingStreamer : public llvm::MCStreamer {
 public:
  explicit CapturingStreamer(llvm::MCContext& context) : MCStreamer(context) {}
  void emitInstruction(const llvm::MCInst& i, const llvm::MCSubtargetInfo&) override {
    instruction = i;
    ++count;
  }
  void emitLabel(llvm::MCSymbol*, llvm::SMLoc) override { needs_layout = true; }
  bool emitSymbolAttribute(llvm::MCSymbol*, llvm::MCSymbolAttr) override { return true; }
  void emitCommonSymbol(llvm::MCSymbol*, uint64_t, llvm::Align) override {}
  void emitZerofill(llvm::MCSection*, llvm::MCSymbol*, uint64_t, llvm::Align, llvm::SMLoc) override {}

  llvm::MCInst instruction;
  unsigned count = 0;
  bool needs_layout = false;
};

/// A parser, a streamer and an encoder that are fed one line after another through one buffer.
class WordAssembler {
 public:
  WordAssembler();
  enum class Result { Word, Error, NeedsLayout };
  Result assemble(std::string_view text, u32& word, std::string& why);
  unsigned parses() const { return parses_; }

 private:
  static void on_diagnostic(const llvm::SMDiagnostic& d, void* self) {
    auto& why = static_cast<WordAssembler*>(self)->why_;
    if (d.getKind() == llvm::SourceMgr::DK_Error && why.empty()) why = d.getMessage().str();
  }
  bool parse();

  const mc::Target& target_ = mc::target();
  llvm::SourceMgr sources_;
  llvm::MCContext context_;
  std::unique_ptr<llvm::MCObjectFileInfo> file_info_;
  CapturingStreamer streamer_;
  std::unique_ptr<llvm::MCCodeEmitter> encoder_;
  std::unique_ptr<llvm::MCAsmParser> parser_;
  std::unique_ptr<llvm::MCTargetAsmParser> target_parser_;
  char* buffer_ = nullptr;
  std::string why_;
  unsigned parses_ = 0;
};

WordAssembler::WordAssembler()
    : context_(target_.triple, target_.asm_info.get(), target_.registers.get(), target_.subtarget.get(),
               &sources_, &target_.options),
      streamer_(context_) {
  auto memory = llvm::WritableMemoryBuffer::getNewMemBuffer(kBufferSize, "<instruction>");
  buffer_ = memory->getBufferStart();
  sources_.AddNewSourceBuffer(std::move(memory), llvm::SMLoc());
  sources_.setDiagHandler(on_diagnostic, this);
  context_.setDiagnosticHandler(
      [this](const llvm::SMDiagnostic& d, bool, const llvm::SourceMgr&, auto&) { on_diagnostic(d, this); });
  file_info_.reset(target_.target->createMCObjectFileInfo(context_, /*PIC=*/false));
  context_.setObjectFileInfo(file_info_.get());
  encoder_.reset(target_.target->createMCCodeEmitter(*target_.instructions, context_));
  parser_.reset(llvm::createMCAsmParser(sources_, context_, streamer_, *target_.asm_info));
  target_parser_.reset(target_.target->createMCAsmParser(*target_.subtarget, *parser_, *target_.instructions,
                                                         target_.options));
  parser_->setTargetParser(*target_parser_);
}

bool WordAssembler::parse() {
  parser_->Lex();
  while (parser_->getTok().is(AsmToken::EndOfStatement)) parser_->Lex();
  const AsmToken id = parser_->getTok();
  if (id.isNot(AsmToken::Identifier)) {
    why_ = "expected an instruction";
    return false;
  }
  parser_->Lex();
  const std::string mnemonic = id.getString().lower();
  llvm::ParseInstructionInfo info;
  llvm::SmallVector<std::unique_ptr<llvm::MCParsedAsmOperand>, 8> operands;
  if (target_parser_->ParseInstruction(info, mnemonic, id, operands) || parser_->hasPendingError())
    return false;
  unsigned opcode = 0;
  uint64_t error_info = 0;
  if (target_parser_->MatchAndEmitInstruction(id.getLoc(), opcode, operands, streamer_, error_info, false))
    return false;
  while (parser_->getTok().is(AsmToken::EndOfStatement)) parser_->Lex();
  if (parser_->getTok().isNot(AsmToken::Eof)) {
    why_ = "more than one instruction";
    return false;
  }
  return true;
}

WordAssembler::Result WordAssembler::assemble(std::string_view text, u32& word, std::string& why) {
  ++parses_;
  std::memcpy(buffer_, text.data(), text.size());
  std::memset(buffer_ + text.size(), 0, kBufferSize - text.size());
  auto& lexer = static_cast<llvm::AsmLexer&>(parser_->getLexer());
  lexer.setBuffer(llvm::StringRef(buffer_, text.size()));
  why_.clear();
  streamer_.count = 0;
  streamer_.needs_layout = false;
  const bool parsed = parse();
  if (!parsed && parser_->getTok().is(AsmToken::Error)) parser_->Lex();
  parser_->printPendingErrors();
  while (lexer.isNot(AsmToken::Eof)) lexer.Lex();
  if (!parsed) {
    why = why_.empty() ? "not an A64 instruction" : why_;
    return Result::Error;
  }
  if (streamer_.needs_layout || streamer_.count != 1) return Result::NeedsLayout;
  llvm::SmallVector<char, 16> bytes;
  llvm::SmallVector<llvm::MCFixup, 4> fixups;
  encoder_->encodeInstruction(streamer_.instruction, bytes, fixups, *target_.subtarget);
  if (!fixups.empty() || bytes.size() != 4) return Result::NeedsLayout;
  std::memcpy(&word, bytes.data(), 4);
  return Result::Word;
}

struct Answer {
  std::optional<u32> word;
  std::string why;
};

Answer assemble_whole(std::string_view text) {
  try {
    const Assembly a = assemble(text, 0);
    if (a.bytes.size() != 4) {
      return {std::nullopt, "assembles to " + std::to_string(a.bytes.size()) + " bytes instead of one word"};
    }
    u32 word = 0;
    std::memcpy(&word, a.bytes.data(), 4);
    return {word, ""};
  } catch (const InputError& e) {
    return {std::nullopt, e.diagnostics().empty() ? e.what() : e.diagnostics().front().message};
  }
}

Answer assemble_miss(std::string_view text) {
  if (text.size() >= kBufferSize) return {std::nullopt, "instruction text longer than 511 characters"};
  if (const mc::TextProblem p = mc::check_shape(text)) return {std::nullopt, p.message};
  // Directives, literal pools, labels and relocation operators are for the whole assembler.
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {std::nullopt, "expected an instruction"};
  if (text[first] == '.' || text.find_first_of("=:\"") != std::string_view::npos) return assemble_whole(text);
  thread_local std::unique_ptr<WordAssembler> assembler;
  if (assembler == nullptr || assembler->parses() >= kParsesPerContext)
    assembler = std::make_unique<WordAssembler>();
  u32 word = 0;
  std::string why;
  try {
    switch (assembler->assemble(text, word, why)) {
      case WordAssembler::Result::Word: return {word, ""};
      case WordAssembler::Result::Error: return {std::nullopt, why};
      case WordAssembler::Result::NeedsLayout: return assemble_whole(text);
    }
  } catch (const mc::FatalError& e) {
    assembler.reset();
    return {std::nullopt, e.reason};
  }
  return {};
}

/// LLVM's decoder and printer.
class Disassembler {
 public:
  Disassembler()
      : context_(target_.triple, target_.asm_info.get(), target_.registers.get(), target_.subtarget.get()),
        decoder_(target_.target->createMCDisassembler(*target_.subtarget, context_)),
        printer_(target_.target->createMCInstPrinter(target_.triple, target_.asm_info->getAssemblerDialect(),
                                                     *target_.asm_info, *target_.instructions,
                                                     *target_.registers)) {
    printer_->setPrintBranchImmAsAddress(true);
  }

  std::string print(u32 word, u64 pc) {
    std::array<u8, 4> bytes{};
    std::memcpy(bytes.data(), &word, 4);
    llvm::MCInst instruction;
    u64 size = 0;
    std::string text;
    llvm::raw_string_ostream out(text);
    if (decoder_->getInstruction(instruction, size, bytes, pc, llvm::nulls()) !=
        llvm::MCDisassembler::Success) {
      out << ".inst 0x" << llvm::format_hex_no_prefix(word, 8);
      return out.str();
    }
    printer_->printInst(&instruction, pc, "", *target_.subtarget, out);
    out.flush();
    return tidy(text);
  }

 private:
  /// Without the leading tab, the tabs between mnemonic and operands, and LLVM's comments.
  static std::string tidy(const std::string& text) {
    std::string result;
    for (const char c : text) {
      if (c == '\n') break;
      if (c != '\t') {
        result += c;
      } else if (!result.empty()) {
        result += ' ';
      }
    }
    const std::size_t comment = result.find("//");
    if (comment != std::string::npos) result.resize(comment);
    while (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
  }

  const mc::Target& target_ = mc::target();
  llvm::MCContext context_;
  std::unique_ptr<llvm::MCDisassembler> decoder_;
  std::unique_ptr<llvm::MCInstPrinter> printer_;
};

}  // namespace

std::optional<u32> assemble_word(std::string_view instruction, std::string* why) {
  thread_local std::unordered_map<std::string, Answer> cache;
  std::string key(instruction);
  auto found = cache.find(key);
  if (found == cache.end()) {
    if (cache.size() >= kMaxCached) cache.clear();
    found = cache.emplace(std::move(key), assemble_miss(instruction)).first;
  }
  if (Answers* const answers = AnswerRecorder::current())
    answers->words[found->first] = {found->second.word, found->second.why};
  if (why != nullptr) *why = found->second.why;
  return found->second.word;
}

std::string disassemble(u32 word, u64 pc) {
  thread_local Disassembler disassembler;
  Answers* const answers = AnswerRecorder::current();
  if (answers == nullptr) return disassembler.print(word, pc);
  return answers->instructions[{word, pc}] = disassembler.print(word, pc);
}

}  // namespace isobar::isa
