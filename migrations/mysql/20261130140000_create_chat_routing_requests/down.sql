DROP TABLE IF EXISTS chat_routing_requests;
