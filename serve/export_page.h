// One HTML file that shows a run, and steps and searches its test without a server.
#pragma once

#include <string>

#include "serve/service.h"

namespace isobar::serve {

/// Answers the request `page` (docs/serve.md): the answer has the file as "page". It can only show the run if core() is empty.
Answer export_page(Service& service, const std::string& body);

}  // namespace isobar::serve
