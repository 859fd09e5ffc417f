//! What lint knows of the output of models, as data: each [`Rule`] is a form that public reports describe.
//!
//! Texts are compared without regard to case, accents and the form of quotation marks (see [`folded`](super::fold::folded)). Marks of
//! reasoning stand beside the code that reads them, in [`SPELLINGS`](super::reasoning::SPELLINGS).

use super::AdviceCode;

/// One form of a fault.
pub(super) struct Rule {
    pub(super) code: AdviceCode,
    /// The form, as it is printed.
    pub(super) form: &'static str,
    /// How it is recognised.
    pub(super) marks: Marks,
    /// A report that has it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of the table reads it"))]
    pub(super) example: &'static str,
    /// The public report that it comes from.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of the table reads it"))]
    pub(super) source: &'static str,
}

/// How a form is recognised.
pub(super) enum Marks {
    /// By texts anywhere in the report.
    Anywhere(&'static [&'static str]),
    /// By texts at its start.
    Start(&'static [&'static str]),
    /// By the whole report, without the punctuation around it.
    Whole(&'static [&'static str]),
    /// By names of tokens in `<…>`.
    Tokens(&'static [&'static str]),
    /// By tokens in `<…>` whose name has this beginning, and digits behind it.
    Numbered(&'static [&'static str]),
    /// By names of tokens in `[…]`, in capitals.
    Capitals(&'static [&'static str]),
    /// By code: any token between `<|` and `|>` that no other rule names.
    Barred,
    /// By code: a whole JSON object that tells of an error.
    JsonError,
    /// By code: the letters that stand for white space within a tokenizer.
    Undecoded,
    /// By code: no letter.
    NothingSaid,
    /// By code: the same phrase in a row.
    Loop,
    /// By texts anywhere in a report that the frozen rules take for a genuine one.
    Refusal(&'static [&'static str]),
}

use AdviceCode::{
    ErrorTexts, PlaceholderTexts, ReasoningText, RepeatedPhrases, SpecialTokens, UnreadRefusals,
};

/// Every form but those of reasoning between marks.
#[rustfmt::skip] // One text a line would be a thousand lines.
pub(super) const RULES: &[Rule] = &[
    Rule {
        code: ReasoningText,
        form: "content blocks",
        marks: Marks::Anywhere(&[
            "\"type\": \"thinking\"", "\"type\":\"thinking\"", "'type': 'thinking'", "\"reasoning_content\":",
            "'reasoning_content':", "thinkingblock(", "thinkchunk(", "```thinking", "```thought", "```reasoning", "```think", "<details type=\"reasoning\"",
            "<summary>thinking", "<summary>thought", "<summary>reasoning", "\"type\": \"reasoning\"", "'type': 'reasoning'",
            "\"reasoning\":", "'reasoning':", "\"thinking\":", "\"thought\":", "\"thoughts\":", "\"chain_of_thought\":",
        ]),
        example: "[{'type': 'thinking', 'thinking': 'a fracture?'}, {'type': 'text', 'text': 'No fracture.'}]",
        source: "tidyverse/ellmer#411",
    },
    Rule {
        code: ReasoningText,
        form: "plain words",
        marks: Marks::Start(&[
            "thinking process:", "thought process:", "thinking:", "thought:", "thoughts:", "reasoning:", "let me think", "so, the user",
            "wait, ", "here's a thinking process", "here is a thinking process",
            "here's my thinking process", "chain of thought:", "let's think step by step", "let me think step by step",
            "okay, so i need to", "ok, so i need to", "okay, let me", "okay, the user", "okay, let's", "alright, let's",
            "alright, so i need to", "hmm, ", "the user wants me to", "the user has provided", "the user is asking",
            "we need to produce a", "we need to write a", "we are asked to", "thought for ", "reasoned for ", "finished thinking",
        ]),
        example: "Okay, so I need to describe this radiograph. First I look at the discs.",
        source: "ollama/ollama#15754",
    },
    Rule {
        code: ErrorTexts,
        form: "harness",
        marks: Marks::Anywhere(&[
            "failed to obtain answer via api", "failed to obtain answer", "$error$", "api request failed",
            "request failed with status code", "error calling the api", "error during inference", "error generating response",
            "error in generation", "failed to generate a response", "failed to generate response", "failed to get response",
            "no response from the model", "model returned no output", "max retries exceeded", "exceeded maximum retries",
            "maximum retries exceeded", "litellm.", "traceback (most recent call last)", "cuda out of memory", "cuda error:",
            "outofmemoryerror", "prediction failed", "generation failed", "inference failed",
        ]),
        example: "Failed to obtain answer via API.",
        source: "open-compass/VLMEvalKit#1235",
    },
    Rule {
        code: ErrorTexts,
        form: "error message",
        marks: Marks::Start(&[
            "error:", "error]", "error -", "exception:", "api error", "openai api", "openai.", "anthropic.", "google.api_core",
            "runtimeerror", "valueerror", "keyerror", "typeerror", "attributeerror", "timeouterror", "jsondecodeerror", "apistatuserror",
            "unexpected error", "an error occurred", "http 4", "http 5", "status code 4", "status code 5", "status code: 4", "status code: 5",
        ]),
        example: "[ERROR] RuntimeError: the model did not answer",
        source: "zed-industries/zed#30712",
    },
    Rule {
        code: ErrorTexts,
        form: "rate limit",
        marks: Marks::Anywhere(&[
            "error code: 429", "429 too many requests", "too many requests", "rate limit reached", "rate limit exceeded",
            "rate_limit_exceeded", "rate_limit_error", "ratelimiterror", "quota exceeded", "insufficient_quota",
            "exceeded your current quota", "resource_exhausted", "resource has been exhausted", "overloaded_error",
            "model is overloaded", "model is currently overloaded", "throttlingexception", "currently overloaded", "server is busy", "please try again later",
            "服务器繁忙", "请稍后再试", "请求过于频繁", "rate limited", "retry after", "tokens per min",
        ]),
        example: "Error code: 429 - {'error': {'message': 'Rate limit reached for requests'}}",
        source: "EvolvingLMMs-Lab/lmms-eval#905",
    },
    Rule {
        code: ErrorTexts,
        form: "server error",
        marks: Marks::Anywhere(&[
            "500 internal server error", "internal server error", "502 bad gateway", "bad gateway", "503 service unavailable",
            "service unavailable", "service temporarily unavailable", "504 gateway time-out", "504 gateway timeout",
            "gateway time-out", "gateway timeout", "404 not found", "403 forbidden", "401 unauthorized", "400 bad request",
            "upstream connect error", "upstream request timeout", "no healthy upstream", "error code: 400", "error code: 401", "error code: 403",
            "error code: 404", "error code: 408", "error code: 413", "error code: 422", "error code: 500", "error code: 502",
            "error code: 503", "error code: 504", "error code: 529", "<response [4", "<response [5", "httperror:",
            "http error 4", "http error 5", "httpstatuserror", "the server had an error", "server disconnected without sending",
            "remotedisconnected", "apiconnectionerror", "apitimeouterror", "internalservererror", "badrequesterror", "apierror(",
            "connection refused", "connection reset by peer", "connection aborted", "httpsconnectionpool", "httpconnectionpool",
            "read timed out", "request timed out", "readtimeout", "connecttimeout", "connection timed out",
            "failure in name resolution", "ssl: certificate_verify_failed", "econnrefused", "etimedout",
        ]),
        example: "Error: 503 Service Unavailable",
        source: "nearai/ironclaw#1994",
    },
    Rule {
        code: ErrorTexts,
        form: "web page",
        marks: Marks::Anywhere(&[
            "<!doctype html", "<html", "<head><title>", "<center><h1>", "cf-error-details", "cloudflare ray id",
        ]),
        example: "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
        source: "AKSW/text2sparql.aksw.org#151",
    },
    Rule {
        code: ErrorTexts,
        form: "refused request",
        marks: Marks::Anywhere(&[
            "invalid_request_error", "invalid_api_key", "incorrect api key provided", "invalid api key", "api key not valid", "authentication_error",
            "authenticationerror", "permission_error", "context_length_exceeded", "maximum context length is",
            "content_policy_violation", "content_filter", "content management policy", "responsibleaipolicyviolation",
            "blockedpromptexception", "stopcandidateexception", "finish_reason: safety", "finish_reason: recitation",
            "the model does not exist", "model_not_found", "not_found_error", "image_parse_error", "could not process image",
            "unsupported image format", "invalid image url", "no candidates returned", "response.text quick accessor",
            "datainspectionfailed", "inappropriate content", "rejected as a result of our safety system",
        ]),
        example: "Error: The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        source: "tatsu-lab/alpaca_eval#128",
    },
    Rule {
        code: ErrorTexts,
        form: "JSON error",
        marks: Marks::JsonError,
        example: "{\"detail\": \"Not authenticated\"}",
        source: "instructlab/eval#39",
    },
    Rule {
        code: ErrorTexts,
        form: "bare error",
        marks: Marks::Whole(&[
            "error", "api error", "connection error", "timeout", "timed out", "timeout error", "request timeout", "exception",
            "failed", "fail", "failure", "unknown error", "an error occurred", "an error has occurred", "something went wrong",
            "internal error", "server error", "error: none", "error occurred", "blocked", "safety", "prohibited_content",
            "recitation", "content filtered", "skipped", "aborted", "cancelled",
        ]),
        example: "Connection error.",
        source: "zed-industries/zed#30712",
    },
    Rule {
        code: PlaceholderTexts,
        form: "missing value",
        marks: Marks::Whole(&[
            "none", "null", "nil", "nan", "n/a", "na", "n.a", "nat", "undefined", "void", "empty", "missing", "not available",
            "no data", "not applicable", "not provided", "nothing", "missing value", "empty string", "object object", "value", "ref", "name", "false", "true", "inf",
        ]),
        example: "nan",
        source: "rdnfn/feedback-forensics#67",
    },
    Rule {
        code: PlaceholderTexts,
        form: "nothing said",
        marks: Marks::NothingSaid,
        example: "...",
        source: "rdnfn/feedback-forensics#67",
    },
    Rule {
        code: PlaceholderTexts,
        form: "no answer",
        marks: Marks::Whole(&[
            "no response", "no answer", "no output", "no report", "empty response", "empty answer", "no content", "no text",
            "no prediction", "not answered", "unanswered", "not generated", "report not available", "no report available", "report unavailable", "no result", "no results", "no reply", "response", "answer", "output",
            "prediction", "invalid", "invalid question", "unknown", "not found", "blank",
        ]),
        example: "No response.",
        source: "CaraJ7/MMSearch#6",
    },
    Rule {
        code: PlaceholderTexts,
        form: "to be done",
        marks: Marks::Whole(&[
            "todo", "tbd", "tba", "fixme", "xxx", "to do", "to be done", "to be determined", "placeholder", "placeholder text", "placeholder report", "source report", "counterfactual report", "report text", "coming soon", "dummy",
            "dummy report", "test", "test report", "foo", "bar", "foobar", "hello", "hello world", "string", "text", "report",
            "sample report", "lorem ipsum", "asdf", "example", "pending",
        ]),
        example: "TODO",
        source: "open-compass/VLMEvalKit#61",
    },
    Rule {
        code: PlaceholderTexts,
        form: "template",
        marks: Marks::Anywhere(&[
            "replace this with the model", "your report here", "your answer here", "insert report here", "report goes here",
            "lorem ipsum dolor", "<insert report", "[insert report", "[report text]", "{{report}}", "{report}", "{{ report }}",
            "{{response}}", "{{answer}}", "<your report", "[your report", "put the report here", "[patient name]", "[patient's name]",
            "[insert ", "[your name]", "[radiologist name]", "[radiologist's name]",
            "the model's report on the source radiograph", "the model's report on the counterfactual radiograph",
        ]),
        example: "Replace this with the model's report on the source radiograph.",
        source: "open-compass/VLMEvalKit#61",
    },
    Rule {
        code: SpecialTokens,
        form: "end of text",
        marks: Marks::Tokens(&[
            "s", "eos", "bos", "eot", "eod", "eom", "endoftext", "end_of_text", "im_end", "eot_id", "eom_id", "end",
            "end_of_sentence", "end_of_turn", "end_of_utterance", "endofchunk", "return", "end_of_message", "turn", "eoa", "eoh",
            "eom_token", "end_of_role", "end_of_response", "endofanswer", "end_of_solution", "begin_of_text",
            "begin_of_sentence", "startoftext", "sop", "gmask", "im_sep",
        ]),
        example: "No fracture is seen.<|im_end|>",
        source: "NVIDIA/TensorRT-LLM#2228",
    },
    Rule {
        code: SpecialTokens,
        form: "padding",
        marks: Marks::Tokens(&[
            "pad", "unk", "sep", "cls", "mask", "blank", "padding", "pad_token", "unk_token",
        ]),
        example: "No fracture is seen.<pad><pad><pad>",
        source: "EuroEval/EuroEval#1006",
    },
    Rule {
        code: SpecialTokens,
        form: "chat template",
        marks: Marks::Tokens(&[
            "im_start", "start_header_id", "end_header_id", "start_of_turn", "start_of_role", "user", "assistant", "system",
            "human", "model", "bot", "observation", "start", "message", "channel", "sys", "inst", "constrain", "call", "im_user",
            "im_assistant", "im_system", "im_middle", "media_begin", "media_end", "media_pad", "begin_of_answer",
            "begin_of_solution", "start_response", "end_response",
        ]),
        example: "<|start_header_id|>assistant<|end_header_id|> No fracture is seen.",
        source: "clp-research/clemcore#208",
    },
    Rule {
        code: SpecialTokens,
        form: "capitals",
        marks: Marks::Capitals(&[
            "inst", "pad", "unk", "cls", "sep", "eos", "bos", "eot", "system_prompt", "img", "img_end",
            "img_break", "available_tools", "tool_calls", "tool_results", "begin final response", "end final response", "image",
        ]),
        example: "[INST] Describe the radiograph. [/INST] No fracture is seen.",
        source: "EuroEval/EuroEval#1006",
    },
    Rule {
        code: SpecialTokens,
        form: "image",
        marks: Marks::Tokens(&[
            "image", "img", "image_pad", "vision_start", "vision_end", "vision_pad", "image_soft_token", "start_of_image",
            "end_of_image", "fake_token_around_image", "global-img", "im_patch", "im_start_token", "imgpad", "img_context",
            "image_placeholder", "video", "video_pad", "box_start", "box_end", "object_ref_start", "object_ref_end",
            "quad_start", "quad_end", "box", "ref", "det", "grounding",
        ]),
        example: "<image> No fracture is seen.",
        source: "haotian-liu/LLaVA#734",
    },
    Rule {
        code: SpecialTokens,
        form: "reserved",
        marks: Marks::Numbered(&[
            "unused", "extra_id_", "extra_", "reserved_", "reserved_special_token_", "0x", "loc", "seg", "placeholder_",
            "image_", "special_",
        ]),
        example: "Mild degeneration.<unused6226><unused6226>",
        source: "software-mansion-labs/private-mind#342",
    },
    Rule {
        code: SpecialTokens,
        form: "answer tags",
        marks: Marks::Tokens(&[
            "answer", "final_answer", "final", "final_response", "tool_call", "tool_response", "function_calls", "invoke",
        ]),
        example: "<answer>No fracture is seen.</answer>",
        source: "MoonshotAI/Kimi-VL#45",
    },
    Rule {
        code: SpecialTokens,
        form: "undecoded",
        marks: Marks::Undecoded,
        example: "ĠNoĠfractureĠisĠseen.ĊĊ",
        source: "EuroEval/EuroEval#1006",
    },
    Rule {
        code: SpecialTokens,
        form: "other token",
        marks: Marks::Barred,
        example: "No fracture is seen.<|fim_suffix|>",
        source: "deepseek-ai/DeepSeek-Coder#136",
    },
    Rule {
        code: SpecialTokens,
        form: "roles",
        marks: Marks::Anywhere(&[
            "### human:", "### assistant:", "### instruction:", "### response:", "### input:", "\nassistant:", "\nuser:", "\nhuman:", "<human>:", "<bot>:",
        ]),
        example: "No fracture is seen.\nUser: And the hips?\nAssistant: They are normal.",
        source: "clp-research/clemcore#208",
    },
    Rule {
        code: SpecialTokens,
        form: "role at the start",
        marks: Marks::Start(&["user:", "assistant:", "human:", "system:", "model:", "bot:"]),
        example: "USER: Describe the radiograph. ASSISTANT: No fracture is seen.",
        source: "haotian-liu/LLaVA#734",
    },
    Rule {
        code: RepeatedPhrases,
        form: "loop",
        marks: Marks::Loop,
        example: "I think. I think. I think. I think. I think. I think. I think. I think. I think. I think. I think. I think. I think. \
                  I think. I think. I think. I think. I think. I think. I think.",
        source: "QwenLM/Qwen3-ASR#129",
    },
    Rule {
        code: UnreadRefusals,
        form: "Spanish",
        marks: Marks::Refusal(&[
            "lo siento", "lamentablemente, no puedo", "lamentablemente no puedo", "desafortunadamente, no puedo", "no puedo procesar",
            "no puedo asistir", "no estoy autorizad", "lamento no poder", "lamento, pero", "no puedo interpretar", "no puedo analizar", "no puedo ayudar",
            "no puedo proporcionar", "no puedo ofrecer", "no puedo dar", "no puedo realizar", "no puedo hacer un diagn",
            "no puedo diagnosticar", "no puedo evaluar imagenes", "no puedo ver imagenes", "no puedo ver la imagen",
            "no puedo emitir", "no puedo brindar", "no soy medico", "no soy un medico", "no soy un profesional",
            "como modelo de lenguaje", "como inteligencia artificial", "como asistente de ia", "no estoy capacitado",
            "no tengo la capacidad", "no me es posible interpretar",
        ]),
        example: "Lo siento, no puedo interpretar imágenes médicas ni dar recomendaciones.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "French",
        marks: Marks::Refusal(&[
            "je suis desole", "je ne peux malheureusement pas", "malheureusement, je ne", "je suis desolee", "desole, ", "desole mais", "navre, ", "je ne peux pas interpreter",
            "je ne peux pas analyser", "je ne peux pas fournir", "je ne peux pas vous aider", "je ne peux pas aider",
            "je ne peux pas donner", "je ne peux pas poser", "je ne peux pas etablir", "je ne peux pas voir",
            "je ne peux pas repondre", "je ne suis pas en mesure", "je ne suis pas medecin", "je ne suis pas un medecin",
            "je ne suis pas un professionnel", "je ne suis pas qualifie", "en tant qu'ia",
            "en tant qu'intelligence artificielle", "en tant que modele de langage", "en tant qu'assistant",
            "il m'est impossible", "je ne dispose pas de la capacite",
        ]),
        example: "Je suis désolé, mais je ne peux pas interpréter d'images médicales.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "German",
        marks: Marks::Refusal(&[
            "es tut mir leid", "bild leider nicht", "kann ich leider nicht", "bedaure, ", "ich bedauere", "tut mir leid", "entschuldigung, ", "ich entschuldige mich", "leider kann ich", "ich kann leider",
            "ich kann keine medizinisch", "ich kann keine diagnos", "ich kann keine bilder", "ich kann keine rontgen",
            "ich kann das bild nicht", "ich kann dieses bild nicht", "ich kann diese anfrage", "ich kann ihnen nicht",
            "ich kann dir nicht", "ich kann dabei nicht", "ich bin nicht in der lage", "ich bin kein arzt",
            "ich bin keine arztin", "als ki ", "als ki-", "als ki,", "als sprachmodell", "als kunstliche intelligenz",
            "ich darf keine",
        ]),
        example: "Es tut mir leid, aber ich kann keine medizinischen Bilder auswerten.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Italian",
        marks: Marks::Refusal(&[
            "mi dispiace", "purtroppo non posso", "purtroppo, non posso", "mi scuso", "sono spiacente", "spiacente, ", "non posso interpretare", "non posso analizzare",
            "non posso fornire", "non posso aiutar", "non posso dare", "non posso effettuare", "non posso formulare",
            "non posso vedere", "non sono in grado", "non sono un medico", "come modello linguistico",
            "come intelligenza artificiale", "in quanto intelligenza artificiale", "in quanto modello", "in quanto ia",
        ]),
        example: "Mi dispiace, ma non posso interpretare immagini mediche.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Portuguese",
        marks: Marks::Refusal(&[
            "desculpe", "infelizmente, nao posso", "infelizmente nao posso", "lamento, nao", "peco desculpa", "sinto muito", "lamento, mas", "nao posso interpretar", "nao posso analisar",
            "nao posso fornecer", "nao posso ajudar", "nao posso dar", "nao posso realizar", "nao posso oferecer",
            "nao posso fazer um diagn", "nao posso ver", "nao consigo interpretar", "nao consigo analisar", "nao consigo ver",
            "nao consigo ajudar", "nao consigo fornecer", "nao sou medico", "nao sou um medico", "como modelo de linguagem",
            "como uma ia", "como ia,", "nao posso responder", "nao sou capaz",
        ]),
        example: "Desculpe, não posso interpretar imagens médicas.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Dutch",
        marks: Marks::Refusal(&[
            "het spijt me", "sorry, maar ik", "sorry, ik kan", "ik kan helaas", "helaas kan ik", "ik ben geen arts",
            "ik ben niet in staat", "als taalmodel", "als ai-taalmodel", "als een ai", "ik kan geen medisch",
            "ik kan deze afbeelding niet", "ik kan geen diagnose",
        ]),
        example: "Het spijt me, maar ik kan geen medische beelden beoordelen.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Polish, Czech, Turkish, Vietnamese, Indonesian or Swedish",
        marks: Marks::Refusal(&[
            "przykro mi", "przepraszam", "nie moge interpretowac", "nie moge analizowac", "nie moge pomoc",
            "nie jestem lekarzem", "niestety nie moge", "omlouvam se", "je mi lito", "bohuzel nemohu", "nejsem lekar", "uzgunum",
            "ozur dilerim", "yardimci olamam", "doktor degilim", "xin loi", "toi khong the", "toi rat tiec", "maaf, saya",
            "saya tidak dapat", "saya tidak bisa", "mohon maaf", "jag ar ledsen", "jag kan tyvarr", "tyvarr kan jag",
            "jag beklagar", "beklager, ", "jeg kan desværre", "desværre kan jeg", "valitettavasti en voi",
        ]),
        example: "Przykro mi, ale nie mogę interpretować obrazów medycznych.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Chinese",
        marks: Marks::Refusal(&[
            "抱歉", "对不起", "對不起", "很遗憾", "很遺憾", "我无法", "我無法", "我不能", "无法提供医疗", "無法提供醫療", "无法提供诊断", "不能提供医疗", "不能提供诊断", "作为一个ai",
            "作为ai", "作为一名ai", "作为人工智能", "作為人工智慧", "作為ai", "作為一個ai", "我是一个ai", "我是一個ai", "我不是医生", "我不是醫生", "我没有能力", "我沒有能力",
            "无法查看图像", "无法查看图片", "語言模型", "语言模型",
        ]),
        example: "抱歉，我无法查看图像，也不能提供医疗诊断或建议。",
        source: "deepseek-ai/DeepSeek-V3#1443",
    },
    Rule {
        code: UnreadRefusals,
        form: "Japanese",
        marks: Marks::Refusal(&[
            "申し訳", "ごめんなさい", "すみません", "恐れ入りますが", "お手伝いできません", "お手伝いすることはできません", "お答えできません", "お答えすることはできません", "診断を提供することはできません",
            "診断を行うことはできません", "医療アドバイスを提供", "画像を分析することはできません", "画像を解釈することはできません", "画像を解析することはできません", "画像を見ることができません",
            "画像を見ることはできません", "私は医師では", "医師ではありません", "aiとして", "aiアシスタントとして", "言語モデル", "人工知能として",
        ]),
        example: "申し訳ありませんが、医療画像を解釈することはできません。",
        source: "deepseek-ai/DeepSeek-V3#1443",
    },
    Rule {
        code: UnreadRefusals,
        form: "Korean",
        marks: Marks::Refusal(&[
            "죄송합니다", "죄송하지만", "죄송하게도", "미안하지만", "미안합니다", "유감스럽게도", "도와드릴 수 없", "도와 드릴 수 없", "제공할 수 없습니다", "제공해 드릴 수 없",
            "진단을 내릴 수 없", "저는 의사가 아", "의사가 아닙니다", "ai로서", "인공지능으로서", "언어 모델", "이미지를 볼 수 없",
        ]),
        example: "죄송하지만 의료 영상을 해석할 수 없습니다.",
        source: "deepseek-ai/DeepSeek-V3#1443",
    },
    Rule {
        code: UnreadRefusals,
        form: "Russian or Ukrainian",
        marks: Marks::Refusal(&[
            "извините", "простите", "прошу прощения", "приношу извинения", "к сожалению, я", "сожалею, но", "я не могу",
            "я не в состоянии", "я не врач", "я не являюсь врачом", "как языковая модель", "как искусственный интеллект",
            "как ии", "не имею возможности", "вибачте", "перепрошую", "на жаль, я", "я не можу", "я не лікар",
            "мне не разрешено",
        ]),
        example: "Извините, но я не могу интерпретировать медицинские изображения.",
        source: "deepseek-ai/DeepSeek-V3#1443",
    },
    Rule {
        code: UnreadRefusals,
        form: "Arabic, Persian or Hebrew",
        marks: Marks::Refusal(&[
            "عذرا", "آسف", "أعتذر", "معذرة", "المعذرة", "لا أستطيع", "لا يمكنني", "لا أقدر", "لست طبيبا", "كنموذج لغ",
            "كنموذج لغوي", "كذكاء اصطناعي", "بصفتي", "ليس بإمكاني", "متأسفم", "متاسفم", "نمی‌توانم", "نمی توانم", "סליחה",
            "אני מצטער", "איני יכול", "אני לא יכול",
        ]),
        example: "عذرًا، لا أستطيع تفسير الصور الطبية.",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
    Rule {
        code: UnreadRefusals,
        form: "Hindi or Thai",
        marks: Marks::Refusal(&[
            "क्षमा करें", "माफ़ कीजिए", "माफ करें", "मुझे खेद है", "मैं असमर्थ", "मैं डॉक्टर नहीं", "ขออภัย", "ขอโทษ",
            "ฉันไม่สามารถ", "ผมไม่สามารถ",
        ]),
        example: "क्षमा करें, मैं चिकित्सा छवियों की व्याख्या नहीं कर सकता।",
        source: "deepseek-ai/DeepSeek-V3#1171",
    },
];
