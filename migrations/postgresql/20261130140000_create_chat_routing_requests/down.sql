DROP TABLE chat_routing_requests;
