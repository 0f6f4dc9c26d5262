// The page of a study: what came out in words, plots of the differences, tables, and the images that were trained on.
#pragma once
#include "apps/support/report/report.h"
#include "apps/support/study/outcome.h"

namespace duel {

Page study_page(const StudyPlan& plan, const Outcome& outcome, const StudyFolder& folder, const std::vector<std::string>& classes);

}  // namespace duel
